"""Approved runs. In: files below baseline/, and what reporter.yml says of them. Out: their events
set apart, and the models of approved scope, which rest on them.

A scope is kept for a purpose: tools, and where they send or change something. What reads is told
apart from what changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reporter.engine.base import Engine
from reporter.model.assessment import RunInfo
from reporter.schema.tables import COMPUTED, TABLES
from reporter.transform.dag import make_again


@dataclass(frozen=True, slots=True)
class Baseline:
    """Approved runs: the files below baseline/, and the events of a time window, if one is
    declared.
    """

    since: datetime | None = None
    until: datetime | None = None
    approved_at: datetime | None = None
    """From when what they show is approved; None: always."""
    holds: bool = True
    """Somebody who may has approved them; else they approve nothing."""
    but_of: tuple[str, ...] = ()
    """Agents of which they approve nothing."""


def approve(engine: Engine, baseline: Baseline) -> None:
    """Make baseline, one row, and baseline_exceptions, an agent a row."""
    engine.run(
        "CREATE OR REPLACE TABLE baseline AS SELECT CAST(? AS TIMESTAMP) AS since, CAST(? AS"
        " TIMESTAMP) AS until, CAST(? AS TIMESTAMP) AS approved_at, CAST(? AS BOOLEAN) AS holds",
        [baseline.since, baseline.until, baseline.approved_at, baseline.holds],
    )
    engine.run("CREATE OR REPLACE TABLE baseline_exceptions (agent_id VARCHAR)")
    engine.insert("baseline_exceptions", [(agent,) for agent in baseline.but_of])


def review_scope(engine: Engine, baseline: Baseline) -> None:
    """Compare what was done with the scope approved for its purpose, run by run; anew, where that
    was done with another baseline.
    """
    approve(engine, baseline)
    make_again(engine, "baseline")


_ALIKE = f"hash({', '.join(c.name for c in TABLES['events'].columns if c.name not in COMPUTED)})"
"""SQL over an event row: one number for all that it says."""


def set_baseline_apart(engine: Engine, run: RunInfo) -> None:
    """Make in_baseline of the files below baseline/, and leave them out of in_events, unless they
    are dated inside the period.

    What was done in it is assessed, wherever its record lies. One that the logs hold too counts
    once.
    """
    files = "part IN (SELECT part FROM parts WHERE starts_with(file, 'baseline/'))"
    if not engine.one("SELECT count(*) FROM parts WHERE starts_with(file, 'baseline/')"):
        engine.run("CREATE VIEW in_baseline AS SELECT * FROM in_events WHERE FALSE")
        return
    inside = (
        f"coalesce(occurred_at >= TIMESTAMP '{run.period_from}' AND occurred_at < TIMESTAMP"
        f" '{run.period_to}', FALSE)"
    )
    kind = engine.one(
        "SELECT table_type FROM information_schema.tables WHERE table_name = 'in_events'"
    )
    engine.run(f"ALTER {'VIEW' if kind == 'VIEW' else 'TABLE'} in_events RENAME TO given_events")
    engine.run(
        f"CREATE TABLE misplaced AS SELECT part, record, file, event_id, {_ALIKE} AS alike FROM"
        f" given_events WHERE {files} AND {inside}"
    )
    engine.run(
        f"CREATE VIEW in_baseline AS SELECT * FROM given_events WHERE {files} AND NOT {inside}"
    )
    if not engine.one("SELECT count(*) FROM misplaced"):
        engine.run(f"CREATE VIEW in_events AS SELECT * FROM given_events WHERE NOT {files}")
        return
    engine.run(
        "CREATE TABLE twice AS SELECT DISTINCT m.part, m.record FROM misplaced AS m JOIN (SELECT"
        f" event_id, {_ALIKE} AS alike FROM given_events WHERE NOT {files} AND {inside} AND"
        " event_id IN (SELECT event_id FROM misplaced)) AS g ON g.event_id = m.event_id AND"
        " g.alike = m.alike"
    )
    engine.run(
        f"CREATE VIEW in_events AS SELECT * FROM given_events AS g WHERE NOT {files} OR ({inside} "
        "AND NOT EXISTS (SELECT 1 FROM twice AS t WHERE t.part = g.part AND t.record = g.record))"
    )


def misplaced(engine: Engine) -> list[tuple[str, int, int]]:
    """Return (file, first record, events) of the files below baseline/ that hold events of the
    period.
    """
    if not engine.one(
        "SELECT count(*) FROM information_schema.tables WHERE table_name = 'misplaced'"
    ):
        return []
    return [
        (file, record, n)
        for file, record, n in engine.rows(
            "SELECT file, min(record), count(*) FROM misplaced GROUP BY file ORDER BY file"
        )
    ]
