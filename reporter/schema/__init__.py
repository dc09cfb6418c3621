"""The tables that checks read: columns, computed columns, vocabulary, and the model files of a
pack.
"""
