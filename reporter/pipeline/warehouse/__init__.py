"""Events in a warehouse: what to run there, and what it returned."""
