"""What an assessment would make of a workspace, before one: `reporter check`."""
