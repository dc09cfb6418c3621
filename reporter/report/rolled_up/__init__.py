"""A roll-up as printed: data, rows, a picture, a page."""
