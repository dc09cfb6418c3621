"""The live page of a watch: what changed in the last hour, and the report of now behind it."""
