"""The delivery expected of each log. In: declarations of reporter.yml. Out: expected_feeds, from
which the models of log coverage are made. They distinguish a quiet agent from a quiet log.
"""

from __future__ import annotations

from dataclasses import dataclass

from reporter.engine.base import Engine

DEFAULT_SHARE = 90


@dataclass(frozen=True, slots=True)
class Expected:
    """The delivery expected of a log source: an event or heartbeat in `share` percent of the
    units.
    """

    log_source: str
    every: str = "day"
    share: int = DEFAULT_SHARE


def expect(engine: Engine, expected: list[Expected]) -> None:
    """Make expected_feeds from reporter.yml; the row without a log is for all others."""
    engine.run("CREATE TABLE expected_feeds (log_source VARCHAR, every VARCHAR, share BIGINT)")
    rows = [(e.log_source, e.every, e.share) for e in expected]
    engine.insert("expected_feeds", rows)
    engine.run(f"INSERT INTO expected_feeds VALUES (NULL, 'day', {DEFAULT_SHARE})")
