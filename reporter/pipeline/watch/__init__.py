"""Logs followed while they are written: `reporter watch`. Its results at any moment are those of an
assessment of the same records.
"""
