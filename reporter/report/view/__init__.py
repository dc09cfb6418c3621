"""Shared by all chapters: numbers and words, thresholds, chart data, the arithmetic of a score."""
