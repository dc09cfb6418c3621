"""Events of approved runs apart from those of the period. In: in_events, parts, a period. Out: in_events, in_baseline, misplaced."""

from __future__ import annotations

from reporter.db import Engine
from reporter.model import RunInfo
from reporter.schema import COMPUTED, TABLES

_ALIKE = f"hash({', '.join(c.name for c in TABLES['events'].columns if c.name not in COMPUTED)})"
"""SQL over an event row: one number for all that it says."""


def set_baseline_apart(engine: Engine, run: RunInfo) -> None:
    """Make in_baseline of the files below baseline/, and leave them out of in_events, unless they are dated inside the period.

    What was done in it is judged, wherever its record lies. One that the logs hold too counts once.
    """
    files = "part IN (SELECT part FROM parts WHERE starts_with(file, 'baseline/'))"
    if not engine.one("SELECT count(*) FROM parts WHERE starts_with(file, 'baseline/')"):
        engine.run("CREATE VIEW in_baseline AS SELECT * FROM in_events WHERE FALSE")
        return
    inside = f"coalesce(occurred_at >= TIMESTAMP '{run.period_from}' AND occurred_at < TIMESTAMP '{run.period_to}', FALSE)"
    kind = engine.one(
        "SELECT table_type FROM information_schema.tables WHERE table_name = 'in_events'"
    )
    engine.run(f"ALTER {'VIEW' if kind == 'VIEW' else 'TABLE'} in_events RENAME TO given_events")
    engine.run(
        f"CREATE TABLE misplaced AS SELECT part, record, file, event_id, {_ALIKE} AS alike FROM given_events WHERE {files} AND {inside}"
    )
    engine.run(f"CREATE VIEW in_baseline AS SELECT * FROM given_events WHERE {files} AND NOT {inside}")  # fmt: skip
    if not engine.one("SELECT count(*) FROM misplaced"):
        engine.run(f"CREATE VIEW in_events AS SELECT * FROM given_events WHERE NOT {files}")
        return
    engine.run(
        "CREATE TABLE twice AS SELECT DISTINCT m.part, m.record FROM misplaced AS m JOIN ("
        f"SELECT event_id, {_ALIKE} AS alike FROM given_events WHERE NOT {files} AND {inside} "
        "AND event_id IN (SELECT event_id FROM misplaced)) AS g ON g.event_id = m.event_id AND g.alike = m.alike"
    )
    engine.run(
        f"CREATE VIEW in_events AS SELECT * FROM given_events AS g WHERE NOT {files} OR ({inside} "
        "AND NOT EXISTS (SELECT 1 FROM twice AS t WHERE t.part = g.part AND t.record = g.record))"
    )


def misplaced(engine: Engine) -> list[tuple[str, int, int]]:
    """Return (file, first record, events) of the files below baseline/ that hold events of the period."""
    if not engine.one("SELECT count(*) FROM information_schema.tables WHERE table_name = 'misplaced'"):  # fmt: skip
        return []
    return [
        (file, record, n)
        for file, record, n in engine.rows(
            "SELECT file, min(record), count(*) FROM misplaced GROUP BY file ORDER BY file"
        )
    ]
