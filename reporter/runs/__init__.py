"""The data of a run on disk, written, read and asked."""
