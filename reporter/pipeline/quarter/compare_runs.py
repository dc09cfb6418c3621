"""Two stored runs compared, without assessing anything again. In: two run folders. Out: what became
of each finding, and why the scores moved.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from reporter.engine.duckdb import DuckDB
from reporter.i18n.translate import day, headline, word
from reporter.model.assessment import SEVERITIES, Assessment
from reporter.report.compare import compare
from reporter.report.trend.earlier_runs import VerifiedRun, read_earlier, read_verified
from reporter.report.trend.movement_lines import movements
from reporter.report.trend.standings import score_changes
from reporter.report.view.format import clean, count, person
from reporter.runs.store import encoded
from reporter.system.plain_text import aligned

NEW, REOPENED, OPEN, MOVED, FIXED, UNSEEN = (
    *("new", "reopened", "open", "moved", "fixed", "not seen any more"),
)
STATES = (NEW, REOPENED, OPEN, MOVED, FIXED, UNSEEN)
"""What became of a finding. Moved: its failures belong to another one now. Not seen any more: it
ended, and not all that failed is met, so nothing shows that it was fixed.
"""
SCHEMA = "agent-maturity-comparison/1"
SHOWN = 10


@dataclass(frozen=True, slots=True)
class FindingChange:
    """A finding of either run, by its lasting id."""

    state: str
    """One of STATES."""
    id: str
    severity: str
    title: str
    what: str
    owners: tuple[str, ...]
    first_seen: str
    """ISO date; '' where no run says."""
    before: int
    """Failing results then."""
    now: int
    became: tuple[tuple[str, int], ...] = ()
    """Results now of what failed then, where it ended."""


def compare_stored(before: Path, now: Path) -> Assessment:
    """Return the later run with its history from the earlier one alone.

    Raises InputError where one is no run, was changed, or they are of different organisations,
    units or pseudonyms, or the first is neither earlier nor what the later one restates.
    """
    current = read_verified(now)
    run, pseudonyms = current.assessment.run, current.pseudonyms
    earlier = _restated(before, current) or read_earlier([before], run, pseudonyms)
    with TemporaryDirectory(prefix="reporter-") as name, DuckDB(Path(name) / "work") as engine:
        return compare(engine, earlier, current.assessment, now, Path(name))


def _restated(before: Path, now: VerifiedRun) -> tuple[VerifiedRun, ...]:
    """Return the run of which a later one is the restatement; none where it is not."""
    known = now.assessment.history
    if not known.is_restated(now.assessment.run.as_of):
        return ()
    original = read_verified(before)
    return (original,) if original.run.report_sha256 == known.runs[-1].report_sha256 else ()


def finding_changes(before: Assessment, now: Assessment) -> list[FindingChange]:
    """Return what became of each finding of two runs, in the order of STATES and of severity; `now`
    has its history from `before`.
    """
    then = {c.id: c for c in before.causes}
    current = {c.id: c for c in now.causes}
    closed = {c.finding: c for c in now.history.closed}
    moved = {old for r in now.history.regrouped for old in r.before}
    came_from = {r.id for r in now.history.regrouped}
    changes = []
    for id_ in then.keys() | current.keys():
        cause, ended = current.get(id_) or then[id_], closed.get(id_)
        if id_ in then and id_ in current:
            state = OPEN
        elif id_ in current:
            is_back = ended is not None and ended.reopened is not None
            state = REOPENED if is_back else OPEN if id_ in came_from else NEW
        elif id_ in moved:
            state = MOVED
        else:
            state = FIXED if ended and ended.is_fixed else UNSEEN
        changes.append(
            FindingChange(
                state,
                clean(id_),
                cause.severity,
                clean(headline(cause.title)),
                clean(cause.what),
                tuple(person(now, owner) for owner in cause.owners),
                f"{cause.first_seen:%Y-%m-%d}" if cause.first_seen else "",
                then[id_].failures if id_ in then else 0,
                current[id_].failures if id_ in current else 0,
                ended.became if ended and id_ not in current else (),
            )
        )
    changes.sort(key=lambda c: (STATES.index(c.state), SEVERITIES.index(c.severity), c.id))
    return changes


def as_text(now: Assessment, changes: Sequence[FindingChange]) -> Iterator[str]:
    """Yield the comparison line by line."""
    earlier = now.history.runs[-1]
    organisation, today = clean(now.run.organisation), day(now.run.as_of)
    if now.history.is_restated(now.run.as_of):
        yield f"{organisation}, {today}: as it was judged, and judged again"
    else:
        yield f"{organisation}, {day(earlier.as_of)} and {today}"
    rows = score_changes(now)
    yield f"Level {rows[0].level_before}, then {rows[0].level}."
    table = movements(now)
    yield from _table(["", *table.columns], [(r.kind, r.text, r.cells) for r in table.rows])
    yield ""
    for state in STATES:
        found = [c for c in changes if c.state == state]
        if not found:
            continue
        yield f"{count(len(found), 'finding')} {word(state)}:"
        for each in found[:SHOWN]:
            about = f": {each.what}" if each.what else ""
            yield f"  {each.id}  {word(each.severity)}  {each.title}{about}"
        if len(found) > SHOWN:
            yield f"  and {len(found) - SHOWN} more; `reporter compare --json` has them all"


def _table(heads: Sequence[str], rows: Sequence[tuple[str, str, Sequence[str]]]) -> Iterator[str]:
    """Yield a table in columns; a cause is indented below its group."""
    lines = [(f"  {text}" if kind == "cause" else text, *cells) for kind, text, cells in rows]
    yield from aligned([tuple(heads), *lines], 1)


def as_data(now: Assessment, changes: Sequence[FindingChange]) -> dict[str, Any]:
    """Return the comparison as plain data: shares are exact fractions as text."""
    earlier = now.history.runs[-1]
    return {
        "schema": SCHEMA,
        "organisation": now.run.organisation,
        "unit": now.run.unit,
        "before": earlier.as_of.isoformat(),
        "now": now.run.as_of.isoformat(),
        "movements": json.loads(encoded(now.history.movements)),
        "results": [
            {"check": check, "before": then, "now": since, "n": n}
            for check, then, since, n in now.history.flows
        ],
        "findings": [asdict(change) for change in changes],
    }
