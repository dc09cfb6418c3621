"""All checks over what was read so far, by the steps of an assessment. In: content, files, lines.
Out: one row a result, as `results.parquet` of a run over the same records has them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from reporter.content.packs import naming
from reporter.engine.duckdb import DuckDB
from reporter.engine.growing.repeated_rows import NO_REPEATS, Repeats
from reporter.engine.growing.taped import Taped
from reporter.evaluate.coded_results import make_changeable
from reporter.ingest.cache import Batch, Cache
from reporter.ingest.detect import Choice
from reporter.ingest.load import Intake, ingest
from reporter.ingest.readers.files import InputFile
from reporter.ingest.readers.inputs import Inputs
from reporter.pipeline import kept_tables
from reporter.pipeline.assess import (
    Known,
    Options,
    derive_tables,
    noted,
    refuse_nothing,
    run_checks,
)
from reporter.pipeline.disclosures import notes_on_kept
from reporter.pipeline.resolve_statements import resolve, with_shortfalls
from reporter.pipeline.watch.cursor import Key, Outcome, Outcomes
from reporter.pipeline.watch.standing import NO_HASTE, Haste, Standing, refuse_changed
from reporter.statements import exceptions

COLUMNS = (
    *("check_id", "subject", "status", "reason_code", "reason_values", "ref", "actor", "owner"),
    *("tier_lo", "tier_hi", "evidence", "waived_until", "waiver"),
)
"""Of a result."""


_SHOWN = ", ".join(
    c if c.startswith("tier_") else f"coalesce(CAST({c} AS VARCHAR), '') AS {c}" for c in COLUMNS
)
_TOLD = ", ".join(c for c in COLUMNS if c not in ("reason_values", "ref", "evidence", "waiver"))
"""Columns by which a result is another one: the others move with most events."""


class Result(NamedTuple):
    """One check of one subject."""

    check: str
    subject: str
    status: str
    code: str
    values: str
    record: str
    actor: str
    owner: str
    tier_lo: int
    tier_hi: int
    evidence: str
    waived_until: str
    waiver: str

    @property
    def outcome(self) -> Outcome:
        """What a reader is told of when it changes: counts in a reason change with each event."""
        return self.status, self.code, self.waived_until


@dataclass(frozen=True, slots=True)
class Judged:
    """What all checks found at one moment."""

    results: dict[Key, Result]
    """By check and subject. Where something `moved`, the values and the record of all others may be
    those of an earlier moment.
    """
    intake: Intake | None
    """As of when tables were last made from files."""
    faults: dict[str, str]
    last_acts: dict[str, str]
    """Actor -> time of its last act in the period."""
    moved: frozenset[Key] | None = None
    """Results that may be told, new ones and those that are gone; None: all."""
    checks: frozenset[str] | None = None
    """Those that were judged; results of others are of another moment. None: all."""
    last_events: dict[str, str] = field(default_factory=dict)
    """Log -> time of its last event in the period, also of one that is no act."""

    def put_into(self, outcomes: Outcomes) -> dict[Key, Outcome | None]:
        """Bring outcomes up to date; return those that are others now, None where one is gone."""
        changes: dict[Key, Outcome | None] = {}
        for key in (outcomes.keys() | self.results) if self.moved is None else self.moved:
            result = self.results.get(key)
            now = result.outcome if result else None
            if outcomes.get(key) != now:
                changes[key] = now
                if now:
                    outcomes[key] = now
                else:
                    del outcomes[key]
        return changes


def judge(
    known: Known,
    files: Sequence[InputFile],
    followed: Sequence[tuple[Choice, Batch, str]],
    cache: Cache,
    places: tuple[Path, Path],
    options: Options,
    standing: Standing | None = None,
    without: frozenset[str] = frozenset(),
    haste: Haste = NO_HASTE,
    refuses: bool = False,
    repeats: Repeats = NO_REPEATS,
) -> Judged:
    """Read what does not grow, lay what was converted beside it, and run all checks; of what is
    `standing`, only those whose input changed, without some that others run, and what may wait in
    `haste`. `places` are where an engine works and where the lines are, `repeats` what came again.

    Raises InputError where nothing could be read, ContentError where content is wrong, Changed
    where it `refuses` files that changed while they were read.
    """
    workspace, content = known.workspace, known.content
    if standing:
        how = options, without, haste, refuses, repeats
        filled = standing.fill(known, files, followed, cache, places[1], *how)
        if standing.has_counted:
            no_moves, none = frozenset[Key](), standing.checks
            return Judged(standing.results, standing.intake, standing.faults, {}, no_moves, none)
        checks = standing.checks - without  # where tables were made anew, all were asked
        return _found(standing, filled, None if len(checks) == len(known.compiled) else checks)
    with (
        tempfile.TemporaryDirectory(dir=places[0]) as folder,
        Inputs(list(files)) as inputs,
        DuckDB(Path(folder) / "engine", options.memory, options.temp_size) as engine,
    ):
        with naming(content.packs):
            intake = ingest(engine, inputs, content.sources, cache, options.limits, followed)
        if refuses:
            refuse_changed(intake)
        intake = with_shortfalls(intake, inputs)
        refuse_nothing(intake, workspace.folder)
        who, notices = derive_tables(engine, workspace, {})
        intake, _, claims = resolve(engine, intake, workspace, content, known.catalogs, who)
        intake = noted(engine, intake, notices, notes_on_kept(engine))
        engine.lock((cache.folder, places[1], Path(folder)))
        nothing = kept_tables.Kept(cache, "", {})
        faults = run_checks(engine, content, known.compiled, nothing, Path(folder), options)
        if claims.compensations or claims.waivers:
            make_changeable(engine)
        exceptions.compensate(engine, claims.compensations, content.checks, who)
        exceptions.waive(engine, claims.waivers, content.checks, workspace.run.as_of, who)
        last_acts, last_events = _last_acts(engine), _last_events(engine)
        return Judged(results_of(engine), intake, faults, last_acts, last_events=last_events)


def judge_rest(standing: Standing) -> Judged:
    """Run the checks that waited until the gravest of all were told."""
    engine = standing.ask_rest()
    return _found(standing, engine, standing.checks)


def _found(standing: Standing, engine: Taped, checks: frozenset[str] | None) -> Judged:
    with engine.twin() as other, ThreadPoolExecutor(1) as pool:
        acts, events = pool.submit(_last_acts, other), pool.submit(_last_events, other)
        moved = _bring_up(standing, engine)
        found = dict(standing.faults), acts.result(), moved, checks
        return Judged(standing.results, standing.intake, *found, events.result())


def results_of(engine: DuckDB) -> dict[Key, Result]:
    """Return all results of a filled engine."""
    rows = engine.rows(f"SELECT {_SHOWN} FROM results ORDER BY check_id, subject")
    return {(r[0], r[1]): Result(*r) for r in rows}


def _bring_up(standing: Standing, engine: Taped) -> frozenset[Key] | None:
    """Bring the results that stand up to date; return which moved, None where all may have."""
    before = standing.results
    if not before:
        engine.run(f"CREATE OR REPLACE VIEW shown_results AS SELECT {_SHOWN} FROM results")
        standing.results = results_of(engine)
        moved = None
    else:
        rows = engine.rows(f"FROM shown_results ANTI JOIN told_results USING ({_TOLD})")
        keys = "SELECT check_id, subject FROM"
        gone = engine.rows(f"{keys} told_results EXCEPT {keys} shown_results")
        if not rows and not gone:
            return frozenset()
        found = {(r[0], r[1]): Result(*r) for r in rows}
        moved = frozenset((*found, *gone))
        standing.results = {k: r for k, r in before.items() if k not in moved} | found
    engine.run(f"CREATE OR REPLACE TABLE told_results AS SELECT {_TOLD} FROM shown_results")
    return moved


def _last_acts(engine: DuckDB) -> dict[str, str]:
    return dict(
        engine.rows(
            "SELECT agent_id, CAST(max(last_at) AS VARCHAR) FROM activity WHERE in_window AND"
            " agent_id IS NOT NULL GROUP BY agent_id ORDER BY agent_id"
        )
    )


def _last_events(engine: DuckDB) -> dict[str, str]:
    return dict(
        engine.rows(
            "SELECT log_source, CAST(last_at AS VARCHAR) FROM feed_delivery WHERE last_at IS NOT"
            " NULL ORDER BY log_source"
        )
    )


def at(known: Known, as_of: datetime | None) -> Known:
    """Return what is followed, judged as of another time: never beyond the period's end."""
    if as_of is None:
        return known
    run = replace(known.workspace.run, as_of=as_of)
    return replace(known, workspace=replace(known.workspace, run=run))
