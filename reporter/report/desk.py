"""The engineer edition: what each owner has to mend or show, system by system. In: a `shape.View`. Out: desks, printed rows.

On the screen nothing is left out: a long run keeps the first of each owner in the page and all of them on pages beside it.
On paper stands as much as a person reads, and how much that is. Everything stands in todo.csv too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from reporter.texts import content, mark, say

from .findings import places
from .pages import page_file
from .roadmap import NOW
from .shape import View
from .words import count, number, record, short

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
    pages: tuple[Page, ...]
    """All of it, where the page on the screen shows the first only."""


def desks(view: View, medium: str) -> tuple[Desk, ...]:
    """Lay out the to-do lists, who has most to mend first and what nobody owns last."""
    total = sum(len(p.rows) for p in view.roadmap.picks)
    parted = medium == "screen" and total > INLINE
    per_owner, left = ON_PAPER if medium == "paper" else (FIRST if parted else total, total)
    place = places(view)
    own: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for p, pick in enumerate(view.roadmap.picks):
        for n in pick.rows:
            own[view.findings[n][place["owner"]]].append((p, n))
    failing = {o: sum(view.findings[n][place["status"]] == "fail" for _, n in rows) for o, rows in own.items()}  # fmt: skip
    made = []
    for number_, owner in enumerate(sorted(own, key=lambda o: (not o, -failing[o], o)), start=1):
        rows = own[owner]
        shown = rows[: min(per_owner, left)]
        left -= len(shown)
        made.append(
            Desk(
                owner=short(owner, FILE, 80) or say("Nobody"),
                anchor=f"o-{number_}",
                standing=_standing(view, rows, failing[owner]),
                systems=_systems(view, shown, place),
                more=_more(len(rows) - len(shown), parted),
                pages=_pages(view, rows, place, f"owner-{number_}") if parted else (),
            )
        )
    return tuple(made)


def _standing(view: View, rows: Sequence[tuple[int, int]], failing: int) -> str:
    urgent = sum(view.roadmap.picks[p].lane == NOW for p, _ in rows)
    parts = (
        (failing, mark("{n} failing")), (len(rows) - failing, mark("{n} unknown")), (urgent, mark("{n} to act on now")),
    )  # fmt: skip
    return " · ".join(say(text, n=number(n)) for n, text in parts if n)


def _more(rest: int, parted: bool) -> str:
    if not rest:
        return ""
    verdicts = count(rest, "further verdict")
    if parted:
        return say("{verdicts} on the pages of this owner:", verdicts=verdicts)
    return say("{verdicts}: in {file}, by this owner.", verdicts=verdicts, file=FILE)


def _pages(
    view: View, rows: Sequence[tuple[int, int]], place: dict[str, int], name: str
) -> tuple[Page, ...]:
    parts = (rows[n : n + PER_PAGE] for n in range(0, len(rows), PER_PAGE))
    return tuple(
        Page(page_file(name, n), _systems(view, part, place))
        for n, part in enumerate(parts, start=1)
    )


def _systems(
    view: View, rows: Sequence[tuple[int, int]], place: dict[str, int]
) -> tuple[System, ...]:
    """Group rows by the agent or account they are about, in the order of the roadmap."""
    anchors = {c.id: c.anchor for c in view.checks}
    found: dict[str, list[Task]] = defaultdict(list)
    for p, n in rows:
        pick = view.roadmap.picks[p]
        f = {name: view.findings[n][at] for name, at in place.items()}
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
    return tuple(System(short(name, FILE, 120) or say("The organisation"), tuple(t)) for name, t in found.items())  # fmt: skip
