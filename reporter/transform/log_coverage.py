"""What each log should deliver. In: what reporter.yml declares. Out: expected_feeds, from which the
models of log coverage are made: a quiet agent can be told from a quiet log only by them.
"""

from __future__ import annotations

from dataclasses import dataclass

from reporter.engine.base import Engine

DEFAULT_SHARE = 90


@dataclass(frozen=True, slots=True)
class Expected:
    """What a log source should deliver: an event or heartbeat in `share` percent of the units."""

    log_source: str
    every: str = "day"
    share: int = DEFAULT_SHARE


def expect(engine: Engine, expected: list[Expected]) -> None:
    """Make expected_feeds of what reporter.yml declares; the row of no log is for all others."""
    engine.run("CREATE TABLE expected_feeds (log_source VARCHAR, every VARCHAR, share BIGINT)")
    rows = [(e.log_source, e.every, e.share) for e in expected]
    engine.insert("expected_feeds", rows)
    engine.run(f"INSERT INTO expected_feeds VALUES (NULL, 'day', {DEFAULT_SHARE})")
