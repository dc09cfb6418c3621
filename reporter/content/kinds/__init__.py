"""Kinds of content files, one a module."""
