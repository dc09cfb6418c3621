"""What the machine gives: folders that are claimed, a process that watches another, lines of a log,
where files stand.
"""
