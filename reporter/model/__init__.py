"""The plain data that the rooms hand each other. No behaviour, nothing read from disk."""
