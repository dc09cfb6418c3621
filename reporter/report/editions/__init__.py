"""What an edition has of its own: the board's page, tasks by owner, the appendix of all results."""
