"""Approved runs. In: files below baseline/, and their approval in reporter.yml. Out: their events
set apart, and the models of approved scope, which derive from them.

A scope belongs to a purpose: tools, and where they send or change something. Reads are kept apart
from changes.
"""

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
    """Time from which the approval is valid; None: always."""
    holds: bool = True
    """An authorised person has approved them; otherwise they approve nothing."""
    but_of: tuple[str, ...] = ()
    """Agents that they do not cover."""


def approve(engine: Engine, baseline: Baseline) -> None:
    """Make baseline, one row, and baseline_exceptions, one row per agent."""
    engine.run(
        "CREATE OR REPLACE TABLE baseline AS SELECT CAST(? AS TIMESTAMP) AS since, CAST(? AS"
        " TIMESTAMP) AS until, CAST(? AS TIMESTAMP) AS approved_at, CAST(? AS BOOLEAN) AS holds",
        [baseline.since, baseline.until, baseline.approved_at, baseline.holds],
    )
    engine.run("CREATE OR REPLACE TABLE baseline_exceptions (agent_id VARCHAR)")
    engine.insert("baseline_exceptions", [(agent,) for agent in baseline.but_of])


def review_scope(engine: Engine, baseline: Baseline) -> None:
    """Compare actions with the scope approved for their purpose, run by run. A comparison with
    another baseline is replaced.
    """
    approve(engine, baseline)
    make_again(engine, "baseline")


_ALIKE = f"hash({', '.join(c.name for c in TABLES['events'].columns if c.name not in COMPUTED)})"
"""SQL over an event row: one hash of all its values."""


def set_baseline_apart(engine: Engine, run: RunInfo) -> None:
    """Make in_baseline from the files below baseline/, and remove them from in_events unless they
    are dated inside the period.

    Actions in the period are assessed, wherever their record lies. An event that the logs also hold
    counts once.
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
