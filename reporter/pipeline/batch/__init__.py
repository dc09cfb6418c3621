"""Many workspaces, unattended: `reporter batch`."""
