"""What of stored runs is kept, and what is removed: whole runs, or names and raw records."""
