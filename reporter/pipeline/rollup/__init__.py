"""Results of many runs, or of groups of agents, pooled and scored."""
