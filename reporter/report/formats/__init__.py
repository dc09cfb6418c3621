"""The formats of a run: one module for each, named after it, with its FORMAT. Every module here
takes part.
"""
