"""A folder of runs as a history. In: a folder. Out: a row a run, what is closed and whether it is
still as it was, and the findings with their age and whether they ended in time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from reporter.engine.duckdb import DuckDB
from reporter.errors import InputError
from reporter.i18n.translate import headline
from reporter.model.assessment import Assessment
from reporter.model.history import FindingCounts, Lifetime
from reporter.pipeline.quarter.compare_runs import FIXED, OPEN, REOPENED, UNSEEN
from reporter.report.chapters.follow_up.deadlines import Deadline, deadline
from reporter.report.chapters.follow_up.kept_dates import fixed_when, kept_dates, open_deadlines
from reporter.report.chapters.follow_up.kept_dates import lines as kept_lines
from reporter.report.chapters.follow_up.response_register import responses_by_finding
from reporter.report.compare import load_results
from reporter.report.trend.earlier_runs import in_utc, runs_below
from reporter.report.trend.lifetimes import Lifetimes, follow
from reporter.report.view.format import clean, number, percent
from reporter.runs.chain import CHAIN, UNFINISHED, Closing, latest, read_chain, state_of, unlisted
from reporter.runs.run_manifest import MANIFEST, read_manifest
from reporter.runs.store import RESULTS, read_data
from reporter.system.plain_text import aligned

AT_MOST = "at most"
"""The age of one that ended, for nobody saw on which day."""
SCHEMA = "agent-maturity-history/1"
TOO_THIN = "too little evidence"


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run of a history."""

    run: str
    organisation: str
    unit: str
    as_of: str
    level: int | None
    """None where nothing could be assessed, or too little for a score."""
    score_lo: str
    score_hi: str
    coverage: str
    findings: int | None
    """None where its data cannot be read, as with `overdue`."""
    overdue: int | None
    closed: bool
    changes: tuple[str, ...]
    """What of it is not as it was closed."""
    purged: str = ""
    """ISO date of its last purge; '' where nothing was removed."""
    beside: str = ""
    """The run of the same moment that counts in its place, in the course and for findings."""


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A finding of the last run of a unit, or one that ended before."""

    unit: str
    id: str
    severity: str
    title: str
    what: str
    first_seen: str
    last_seen: str
    age: int
    """Days that it has been open without a gap, up to the last run or to its end."""
    age_is: str
    """exactly | at least: it may be older than the runs show; of one that ended, at most."""
    reopened: str
    """The run in which it was last back; '' where it never ended."""
    returns: int
    due: str
    late: int
    """Days that it is overdue; 0 for one that ended."""
    state: str
    """open | reopened | fixed | not seen any more"""
    in_time: str
    """Of a fixed one: in time | late | between two runs; '' where nothing was due."""


@dataclass(frozen=True, slots=True)
class UnitHistory:
    """The last run of a unit, its findings dated over all runs of the folder."""

    run: Assessment
    lives: Lifetimes


def read_history(folder: Path) -> tuple[list[RunRow], list[UnitHistory]]:
    """Read the runs that lie in a folder, or in the folders of units in it as a batch leaves them,
    by organisation, unit and moment.

    Raises InputError where there is no folder or no run, VerificationError where a chain is broken.
    """
    if not folder.is_dir():
        raise InputError("no such folder", str(folder), "Give the folder that holds the runs.")
    rows, followed = _history_of(folder)
    names = sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    for name in names if not rows else ():
        more, units = _history_of(folder / name)
        rows += [replace(row, run=f"{name}/{row.run}") for row in more]
        followed += units
    if not rows:
        raise InputError("holds no run", str(folder), "Give the folder that holds the runs.")
    return rows, followed


def _history_of(folder: Path) -> tuple[list[RunRow], list[UnitHistory]]:
    lines = read_chain(folder)
    chain, taken_out = latest(lines), {*unlisted(folder, lines)}
    names = {run.name for run in runs_below(folder)}
    rows: list[RunRow] = []
    units: dict[tuple[str, str], list[tuple[str, Assessment]]] = {}
    begun = {p.name[1:].removesuffix(".purged") for p in folder.glob(".*.purged")}
    for name in sorted(names | chain.keys() | begun):
        closing = chain.get(name)
        changes = state_of(closing, folder) if closing else ()
        if name in taken_out and not closing:
            changes = (f"is closed, and {CHAIN} does not have it any more",)
        changes = (UNFINISHED,) if name in begun else changes
        if not closing and not changes and not (folder / name / MANIFEST).is_file():
            rows.append(_unread(name, closing, (f"{MANIFEST}: missing",)))
            continue
        try:
            run = read_data(folder / name)
        except InputError as error:
            rows.append(_unread(name, closing, changes or (error.message,)))
            continue
        row = _row(name, run, closing is not None or name in taken_out, changes)
        rows.append(replace(row, purged=_purged(folder / name)))
        units.setdefault((clean(run.run.organisation), clean(run.run.unit)), []).append((name, run))
    followed: list[UnitHistory] = []
    overdue: dict[str, int] = {}
    faults: dict[str, tuple[str, ...]] = {}
    beside: dict[str, str] = {}
    for key in sorted(units):
        runs, double = _one_of_each_moment(folder, units[key], chain.keys())
        beside |= double
        one, late, unread = _followed(folder, runs)
        followed += [one] if one else []
        overdue |= late
        faults |= unread
    rows = [
        replace(
            r,
            overdue=overdue.get(r.run, r.overdue),
            changes=r.changes or faults.get(r.run, ()),
            beside=beside.get(r.run, ""),
        )
        for r in rows
    ]
    rows.sort(key=lambda r: (r.organisation, r.unit, r.as_of, r.run))
    return rows, followed


def _one_of_each_moment(
    folder: Path, runs: Sequence[tuple[str, Assessment]], closed: Collection[str]
) -> tuple[list[tuple[str, Assessment]], dict[str, str]]:
    """Return the runs that are followed, by moment, and which counts in place of each other: the
    closed one, else the one that was made last. The others are copies or second tries.
    """

    def rank(name: str) -> tuple[bool, int, str]:
        path = folder / name / MANIFEST
        return name in closed, path.stat().st_mtime_ns if path.is_file() else 0, name

    best: dict[datetime, tuple[str, Assessment]] = {}
    for name, run in runs:
        moment = in_utc(run.run.as_of)
        if moment not in best or rank(name) > rank(best[moment][0]):
            best[moment] = name, run
    counts = {in_utc(run.run.as_of): name for name, run in best.values()}
    double = {
        clean(name): clean(counts[in_utc(run.run.as_of)])
        for name, run in runs
        if counts[in_utc(run.run.as_of)] != name
    }
    return [best[moment] for moment in sorted(best)], double


def _followed(
    folder: Path, runs: Sequence[tuple[str, Assessment]]
) -> tuple[UnitHistory | None, dict[str, int], dict[str, tuple[str, ...]]]:
    """Follow the findings of a unit over its runs; return by run, too, how many were overdue, or
    why its results cannot be read.
    """
    read: list[tuple[str, Assessment]] = []
    faults: dict[str, tuple[str, ...]] = {}
    with TemporaryDirectory(prefix="reporter-") as place, DuckDB(Path(place) / "work") as engine:
        for name, run in runs:
            try:
                load_results(engine, len(read), folder / name / RESULTS)
                read.append((name, run))
            except InputError as error:
                faults[clean(name)] = (f"{RESULTS} {error.message}",)
        lives = follow(engine, [run for _, run in read])
    overdue = {
        clean(name): _overdue(run, open_now)
        for (name, run), open_now in zip(read, lives.open_by_run, strict=True)
    }
    if not read:
        return None, overdue, faults
    last = read[-1][1]
    causes = tuple(map(lives.dated, last.causes))
    history = replace(last.history, closed=lives.ended, course=lives.course)
    return UnitHistory(replace(last, causes=causes, history=history), lives), overdue, faults


def _overdue(run: Assessment, open_now: Sequence[Lifetime]) -> int:
    agreed = {name: r.due for name, r in responses_by_finding(run).items()}
    dates = (
        deadline(one, run.run.as_of, run.policy.due_days, agreed.get(one.finding))
        for one in open_now
    )
    return sum(d.late > 0 for d in dates)


def _row(name: str, run: Assessment, is_closed: bool, changes: tuple[str, ...]) -> RunRow:
    total, level = run.scores.enterprise.total, run.scores.level
    is_scored = bool(total.assessed) and not run.is_too_thin
    return RunRow(
        run=clean(name),
        organisation=clean(run.run.organisation),
        unit=clean(run.run.unit),
        as_of=f"{run.run.as_of:%Y-%m-%d}",
        level=level.lo if is_scored else None,
        score_lo=percent(total.lo) if is_scored else "",
        score_hi=percent(total.hi) if is_scored else "",
        coverage=percent(total.coverage),
        findings=len(run.causes),
        overdue=sum(d.late > 0 for d in open_deadlines(run).values()),
        closed=is_closed,
        changes=changes,
    )


def _purged(run: Path) -> str:
    """Return the day of the last purge of a run; its manifest says it."""
    with suppress(InputError):
        for purge in reversed(read_manifest(run).get("purged", ())):
            return str(purge["at"])[:10]
    return ""


def _unread(name: str, closing: Closing | None, changes: tuple[str, ...]) -> RunRow:
    """Return the row of a run whose data cannot be read."""
    return RunRow(
        run=clean(name),
        organisation=clean(closing.organisation) if closing else "",
        unit=clean(closing.unit) if closing else "",
        as_of=closing.as_of[:10] if closing else "",
        level=None,
        score_lo="",
        score_hi="",
        coverage="",
        findings=None,
        overdue=None,
        closed=closing is not None,
        changes=changes,
    )


def finding_rows(units: Sequence[UnitHistory]) -> Iterator[FindingRow]:
    """Yield the findings of the last run of each unit, then those that ended."""
    for one in units:
        run, dates = one.run, open_deadlines(one.run)
        for cause in run.causes:
            yield _finding(run, one.lives.by_id[cause.id], dates[cause.id])
        for ended in run.history.closed:
            if not ended.is_open:
                assert ended.closed
                dates_then = deadline(ended, ended.closed, run.policy.due_days)
                yield _finding(run, ended, dates_then)


def _finding(run: Assessment, life: Lifetime, dates: Deadline) -> FindingRow:
    is_fixed = not life.is_open and life.is_fixed
    state = FIXED if is_fixed else UNSEEN if not life.is_open else REOPENED if life.closed else OPEN
    return FindingRow(
        unit=clean(run.run.unit),
        id=clean(life.finding),
        severity=life.severity,
        title=clean(headline(life.title)),
        what=clean(life.what),
        first_seen=_iso(life.first_seen),
        last_seen=_iso(life.last_seen),
        age=dates.age,
        age_is=dates.age_is if life.is_open or not dates.is_exact else AT_MOST,
        reopened=_iso(life.reopened),
        returns=life.returns,
        due=_iso(dates.due),
        late=dates.late if life.is_open else 0,
        state=state,
        in_time=fixed_when(life, run.policy.due_days) if is_fixed else "",
    )


def _iso(time: datetime | None) -> str:
    return f"{time:%Y-%m-%d}" if time else ""


def as_text(rows: Sequence[RunRow], units: Sequence[UnitHistory]) -> Iterator[str]:
    """Yield the history line by line: runs, then how findings keep their dates, by severity."""
    heads = ("run", "unit", "as of", "level", "score", "coverage", "findings", "overdue", "")
    lines = [
        (
            *(r.run, r.unit, r.as_of, "–" if r.level is None else str(r.level)),
            f"{r.score_lo}, up to {r.score_hi}" if r.score_lo else TOO_THIN if r.coverage else "–",
            *(r.coverage or "–", _count(r.findings), _count(r.overdue)),
            "; ".join(filter(None, (*r.changes[:3], _beside(r)))) or _standing(r),
        )
        for r in rows
    ]
    yield from aligned((heads, *lines))
    for one in units:
        yield ""
        if len(units) > 1:
            yield clean(" · ".join(filter(None, (one.run.run.organisation, one.run.run.unit))))
        yield from flow_lines(one.run.history.course)
        yield from kept_lines(kept_dates(one.run, open_deadlines(one.run)))


def _beside(row: RunRow) -> str:
    return f"not followed: {row.beside} is of the same moment" if row.beside else ""


def _count(n: int | None) -> str:
    return "–" if n is None else number(n)


def _standing(row: RunRow) -> str:
    purge = (
        f"purged on {row.purged}, otherwise unchanged" if row.closed else f"purged on {row.purged}"
    )
    return ", ".join(filter(None, ("closed" if row.closed else "", purge if row.purged else "")))


def flow_lines(course: Sequence[FindingCounts]) -> Iterator[str]:
    """Yield what became of the findings from run to run."""
    for now in course[1:]:
        text = (
            f"{now.as_of:%Y-%m-%d}: {number(now.open)} open; {now.new} new, {now.reopened}"
            f" reopened, {now.fixed} fixed, {now.out_of_sight} not seen any more"
        )
        yield text + (f", {now.regrouped:+} regrouped" if now.regrouped else "")


def as_data(rows: Sequence[RunRow], units: Sequence[UnitHistory]) -> dict[str, Any]:
    """Return the history as plain data."""
    return {
        "schema": SCHEMA,
        "runs": [asdict(r) for r in rows],
        "findings": [asdict(f) for f in finding_rows(units)],
        "dates": [
            {
                "organisation": clean(one.run.run.organisation),
                "unit": clean(one.run.run.unit),
                **asdict(row),
            }
            for one in units
            for row in kept_dates(one.run, open_deadlines(one.run))
        ],
    }
