"""What spans more than one run, or one long after: kept tables, runs compared, closed, restated."""
