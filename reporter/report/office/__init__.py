"""The board's edition for office programs: one outline of the view, written as a document and as
slides.
"""
