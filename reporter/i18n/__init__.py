"""Texts: the language of a report, and text that drives nothing."""
