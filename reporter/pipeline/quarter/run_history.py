"""A folder of runs as a history. In: a folder. Out: a row a run, what is closed and whether it is
still as it was, and the findings with their age and whether they ended in time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from reporter.errors import InputError
from reporter.i18n.translate import headline, word
from reporter.model.assessment import SEVERITIES, Assessment
from reporter.model.comparison import Cause
from reporter.pipeline.quarter.compare_runs import FIXED, OPEN, REOPENED, UNSEEN
from reporter.report.chapters.follow_up.deadlines import Deadline, deadline
from reporter.report.trend.earlier_runs import runs_below
from reporter.report.view.format import clean, count, number, percent
from reporter.runs.chain import Closing, read_chain, state_of
from reporter.runs.store import MANIFEST, read_data

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
    findings: int
    overdue: int
    closed: bool
    changes: tuple[str, ...]
    """What of it is not as it was closed."""


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
    """Days from first seen to the last run, or to its end."""
    due: str
    late: int
    """Days that it was, or is, overdue."""
    state: str
    """open | reopened | fixed | not seen any more"""


def read_history(folder: Path) -> tuple[list[RunRow], list[FindingRow]]:
    """Read the runs that lie in a folder, by organisation, unit and moment.

    Raises InputError where there is no folder, VerificationError where the chain is broken.
    """
    if not folder.is_dir():
        raise InputError("no such folder", str(folder), "Give the folder that holds the runs.")
    chain = {c.run: c for c in read_chain(folder)}
    names = {run.name for run in runs_below(folder)}
    rows: list[RunRow] = []
    last: dict[tuple[str, str], Assessment] = {}
    for name in sorted(names | chain.keys()):
        closing = chain.get(name)
        changes = state_of(closing, folder) if closing else ()
        if not closing and not (folder / name / MANIFEST).is_file():
            rows.append(_unread(name, closing, (f"{MANIFEST}: missing",)))
            continue
        try:
            assessment = read_data(folder / name)
        except InputError as error:
            rows.append(_unread(name, closing, changes or (error.message,)))
            continue
        rows.append(_row(name, assessment, closing is not None, changes))
        key = rows[-1].organisation, rows[-1].unit
        if key not in last or last[key].run.as_of < assessment.run.as_of:
            last[key] = assessment
    rows.sort(key=lambda r: (r.organisation, r.unit, r.as_of, r.run))
    findings = [f for key in sorted(last) for f in _findings(last[key])]
    return rows, findings


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
        overdue=sum(d.late > 0 for d in map(_dates_of(run), run.causes)),
        closed=is_closed,
        changes=changes,
    )


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
        findings=0,
        overdue=0,
        closed=closing is not None,
        changes=changes,
    )


def _dates_of(run: Assessment) -> Callable[[Cause], Deadline]:
    agreed = {r.finding: r.due for r in run.responses}

    def dates(cause: Cause) -> Deadline:
        return deadline(cause, run.run.as_of, run.policy.due_days, agreed.get(cause.id))

    return dates


def _findings(run: Assessment) -> Iterator[FindingRow]:
    """Yield the findings of the last run of a unit, then those that ended."""
    unit, dates_of = clean(run.run.unit), _dates_of(run)
    back = {c.finding for c in run.history.closed if c.reopened}
    for cause in run.causes:
        dates = dates_of(cause)
        yield FindingRow(
            unit=unit,
            id=clean(cause.id),
            severity=cause.severity,
            title=clean(headline(cause.title)),
            what=clean(cause.what),
            first_seen=_iso(dates.first_seen),
            last_seen=_iso(run.run.as_of),
            age=dates.age,
            due=_iso(dates.due),
            late=dates.late,
            state=REOPENED if cause.id in back else OPEN,
        )
    for ended in run.history.closed:
        if ended.reopened or ended.closed is None:
            continue
        dates = deadline(ended, ended.closed, run.policy.due_days)
        yield FindingRow(
            unit=unit,
            id=clean(ended.finding),
            severity=ended.severity,
            title=clean(headline(ended.title)),
            what=clean(ended.what),
            first_seen=_iso(ended.first_seen),
            last_seen=_iso(ended.last_seen),
            age=dates.age,
            due=_iso(dates.due),
            late=dates.late,
            state=FIXED if ended.is_fixed else UNSEEN,
        )


def _iso(time: datetime | None) -> str:
    return f"{time:%Y-%m-%d}" if time else ""


def as_text(rows: Sequence[RunRow], findings: Sequence[FindingRow]) -> Iterator[str]:
    """Yield the history line by line: runs, then how findings keep their dates, by severity."""
    heads = ("run", "unit", "as of", "level", "score", "coverage", "findings", "overdue", "")
    lines = [
        (
            *(r.run, r.unit, r.as_of, "–" if r.level is None else str(r.level)),
            f"{r.score_lo}, up to {r.score_hi}" if r.score_lo else TOO_THIN,
            *(r.coverage, number(r.findings), number(r.overdue)),
            "; ".join(r.changes[:3]) or ("closed" if r.closed else ""),
        )
        for r in rows
    ]
    widths = [max(map(len, column)) for column in zip(heads, *lines, strict=True)]
    for line in (heads, *lines):
        yield "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip()
    yield ""
    yield from _kept_dates(findings)


def _kept_dates(findings: Sequence[FindingRow]) -> Iterator[str]:
    for severity in SEVERITIES:
        of_it = [f for f in findings if f.severity == severity]
        live = [f for f in of_it if f.state in (OPEN, REOPENED)]
        fixed = [f for f in of_it if f.state == FIXED]
        if not of_it:
            continue
        text = (
            f"{word(severity)}: {number(len(live))} open, {sum(f.late > 0 for f in live)} overdue"
        )
        back = sum(f.state == REOPENED for f in live)
        text += f", {back} reopened" if back else ""
        if fixed:
            in_time = sum(not f.late for f in fixed)
            text += f"; {len(fixed)} fixed, {in_time} of them in time, after a median of"
            text += f" {count(int(median(f.age for f in fixed)), 'day')}"
        yield text


def as_data(rows: Sequence[RunRow], findings: Sequence[FindingRow]) -> dict[str, Any]:
    """Return the history as plain data."""
    return {
        "schema": SCHEMA,
        "runs": [asdict(r) for r in rows],
        "findings": [asdict(f) for f in findings],
    }
