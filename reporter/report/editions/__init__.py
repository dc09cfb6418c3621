"""Content of single editions: the board's page, tasks by owner, the appendix of all results."""
