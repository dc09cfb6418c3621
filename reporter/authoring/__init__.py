"""Tools for those who write content or prepare a workspace."""
