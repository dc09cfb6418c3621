"""Limits on a run, whose miss is an exit code: `--fail-on`, `gates:`."""
