"""Secrets and names of people: how they are found, and what stands in their place."""
