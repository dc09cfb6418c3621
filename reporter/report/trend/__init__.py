"""Changes since earlier runs: results, scores, and what counts as progress."""
