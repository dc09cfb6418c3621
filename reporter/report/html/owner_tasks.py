"""The engineer edition: what each owner has to mend or show. In: a `View`. Out: desks, rows.

On the screen nothing is left out: a long run keeps the first of each owner in the page and all of
them on pages beside it. On paper stands as much as a person reads, and how much that is. Everything
stands in todo.csv too."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any

from reporter.i18n.translate import content, mark, say
from reporter.report.chapters.next_steps import NOW
from reporter.report.document import View
from reporter.report.html.verdict_pages import page_file
from reporter.report.verdicts import places
from reporter.report.view.finding_rows import BY_OWNER, OWED, rows
from reporter.report.view.format import count, number, record, short
from reporter.system.plain_text import clean

FILE = "todo.csv"
ON_PAPER = (12, 400)
"""Rows for each owner, and in all."""
INLINE = 4_000
"""Rows up to which the page on the screen holds them all."""
FIRST = 12
"""Rows of an owner in the page where the others stand beside it."""
PER_PAGE = 1_000
FOLDER = "owners"
"""Folder of the pages."""


@dataclass(frozen=True, slots=True)
class Task:
    """One verdict to turn to pass."""

    rank: str
    lane: str
    action: str
    check: str
    anchor: str
    title: str
    severity: str
    subject: str
    status: str
    reason: str
    record: str
    fix: str


@dataclass(frozen=True, slots=True)
class System:
    """An agent or account and what is open on it; '' is the organisation."""

    name: str
    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Tasks of one owner on a page of their own."""

    file: str
    systems: tuple[System, ...]


@dataclass(frozen=True, slots=True)
class Desk:
    owner: str
    anchor: str
    standing: str
    """"12 failing, 3 unknown · 4 act now"."""
    systems: tuple[System, ...]
    more: str
    """Where the others stand; empty when all are shown."""
    files: tuple[str, ...]
    """The pages that hold all of it, where the page on the screen shows the first only."""


_FAILING = "count(*) FILTER (status = 'fail')"
_MOST_FIRST = f"owner = '', {_FAILING} OVER (PARTITION BY owner) DESC, {BY_OWNER}"
"""In SQL: who has most to mend first and what nobody owns last."""


def desks(view: View, medium: str) -> tuple[Desk, ...]:
    """Lay out the to-do lists, who has most to mend first and what nobody owns last."""
    urgent = sum(pick.lane == NOW for pick in view.roadmap.picks)  # they come first
    counts = (f"{_FAILING} AS failing", "count(*)", f"count(*) FILTER (rank <= {urgent})")
    order = "GROUP BY owner ORDER BY owner = '', failing DESC, owner"
    owners = view.findings.results.rows(("owner", *counts), OWED, order)
    total = sum(n for _, _, n, _ in owners)
    parted = medium == "screen" and total > INLINE
    per_owner, left = ON_PAPER if medium == "paper" else (FIRST if parted else total, total)
    some = (
        f"QUALIFY row_number() OVER (PARTITION BY owner ORDER BY rank, place) <= {per_owner} ORDER"
        f" BY {_MOST_FIRST}"
    )
    shown = {owner: list(rows) for owner, rows in _by_owner(islice(_rows(view, some), left))}
    return tuple(
        Desk(
            owner=short(clean(owner), FILE, 80) or say("Nobody"),
            anchor=f"o-{at}",
            standing=_standing(failing, n - failing, now),
            systems=_systems(view, own := shown.get(owner, [])),
            more=_more(n - len(own), parted),
            files=_files(at, n) if parted else (),
        )
        for at, (owner, failing, n, now) in enumerate(owners, start=1)
    )


def pages(view: View, found: Sequence[Desk]) -> Iterator[tuple[Desk, Page]]:
    """Yield all that each owner has to do, page by page."""
    order = f"ORDER BY {_MOST_FIRST}"
    for desk, (_, owed) in zip(found, _by_owner(_rows(view, order)), strict=True):
        for file in desk.files:
            yield desk, Page(file, _systems(view, islice(owed, PER_PAGE)))


def _rows(view: View, order: str) -> Iterator[tuple[Any, ...]]:
    """Yield what is owed: row of texts, place in the roadmap, owner."""
    return rows(view.findings, OWED, order, ("rank", "owner"))


def _by_owner(owed: Iterable[tuple[Any, ...]]) -> Iterator[tuple[str, Iterator[tuple[Any, ...]]]]:
    return groupby(owed, key=lambda row: row[2])


def _files(at: int, n: int) -> tuple[str, ...]:
    """Name the pages of the owner at a place who has so much to do."""
    return tuple(page_file(f"owner-{at}", k) for k in range(1, -(-n // PER_PAGE) + 1))


def _standing(failing: int, unknown: int, urgent: int) -> str:
    parts = (
        (failing, mark("{n} failing")),
        (unknown, mark("{n} unknown")),
        (urgent, mark("{n} to act on now")),
    )
    return " · ".join(say(text, n=number(n)) for n, text in parts if n)


def _more(rest: int, parted: bool) -> str:
    if not rest:
        return ""
    verdicts = count(rest, "further verdict")
    if parted:
        return say("{verdicts} on the pages of this owner:", verdicts=verdicts)
    return say("{verdicts}: in {file}, by this owner.", verdicts=verdicts, file=FILE)


def _systems(view: View, owed: Iterable[tuple[Any, ...]]) -> tuple[System, ...]:
    """Group rows by the agent or account they are about, in the order of the roadmap."""
    anchors, place = {c.id: c.anchor for c in view.checks}, places(view)
    found: dict[str, list[Task]] = defaultdict(list)
    for row, rank, _ in owed:
        pick = view.roadmap.picks[rank - 1]
        f = {name: row[at] for name, at in place.items()}
        found[f["actor"]].append(
            Task(
                rank=pick.rank,
                lane=pick.lane,
                action=pick.id,
                check=f["check"],
                anchor=anchors[f["check"]],
                title=content(f["title"]),
                severity=f["severity"],
                subject=short(f["subject"], FILE, 120) if f["subject"] != f["actor"] else "",
                status=f["status"],
                reason=short(f["reason"], FILE, 300),
                record=record(short(f["record"], FILE, 160)),
                fix=content(f["fix"]),
            )
        )
    return tuple(
        System(short(name, FILE, 120) or say("The organisation"), tuple(t))
        for name, t in found.items()
    )
