"""What runs SQL: the embedded engine, and the child process for what others wrote."""
