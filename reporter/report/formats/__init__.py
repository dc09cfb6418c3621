"""What a run can be written as: a module a format, named by it, with its FORMAT. A file that stands
here takes part.
"""
