"""Lint anybody's mapping between lists of controls. In: a file. Out: what is wrong in it."""
