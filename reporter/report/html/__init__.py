"""The report for the screen."""
