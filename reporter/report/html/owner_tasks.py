"""The engineer edition: the tasks of each owner. In: a `View`. Out: task lists, rows.

The screen shows everything: a long run keeps the first tasks of each owner in the page and all of
them on pages beside it. Paper shows a readable part, with the total. todo.csv has everything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any

from reporter.i18n.translate import content, mark, say
from reporter.report.chapters.next_steps import NOW
from reporter.report.document import View
from reporter.report.findings import places
from reporter.report.html.result_pages import page_file
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
    """One result to turn to pass."""

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
class TaskList:
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
"""In SQL: who has most to fix first and what nobody owns last."""


def task_lists(view: View, medium: str) -> tuple[TaskList, ...]:
    """List the tasks of each owner, the largest list first; tasks without an owner come last."""
    urgent_count = sum(pick.lane == NOW for pick in view.roadmap.picks)  # urgent picks come first
    counts = (f"{_FAILING} AS failing", "count(*)", f"count(*) FILTER (rank <= {urgent_count})")
    order = "GROUP BY owner ORDER BY owner = '', failing DESC, owner"
    owners = view.findings.results.rows(("owner", *counts), OWED, order)
    total = sum(n for _, _, n, _ in owners)
    is_split = medium == "screen" and total > INLINE
    per_owner, total_limit = (
        ON_PAPER if medium == "paper" else (FIRST if is_split else total, total)
    )
    limit = (
        f"QUALIFY row_number() OVER (PARTITION BY owner ORDER BY rank, place) <= {per_owner} ORDER"
        f" BY {_MOST_FIRST}"
    )
    rows_by_owner = {
        owner: list(rows) for owner, rows in _by_owner(islice(_rows(view, limit), total_limit))
    }
    return tuple(
        TaskList(
            owner=short(clean(owner), FILE, 80) or say("Nobody"),
            anchor=f"o-{at}",
            standing=_standing(failing, n - failing, now),
            systems=_systems(view, owner_rows := rows_by_owner.get(owner, [])),
            more=_more(n - len(owner_rows), is_split),
            files=_files(at, n) if is_split else (),
        )
        for at, (owner, failing, n, now) in enumerate(owners, start=1)
    )


def pages(view: View, task_lists: Sequence[TaskList]) -> Iterator[tuple[TaskList, Page]]:
    """Yield all tasks of each owner, page by page."""
    order = f"ORDER BY {_MOST_FIRST}"
    for task_list, (_, owner_rows) in zip(task_lists, _by_owner(_rows(view, order)), strict=True):
        for file in task_list.files:
            yield task_list, Page(file, _systems(view, islice(owner_rows, PER_PAGE)))


def _rows(view: View, order: str) -> Iterator[tuple[Any, ...]]:
    """Yield the open tasks: row of texts, place in the roadmap, owner."""
    return rows(view.findings, OWED, order, ("rank", "owner"))


def _by_owner(
    task_rows: Iterable[tuple[Any, ...]],
) -> Iterator[tuple[str, Iterator[tuple[Any, ...]]]]:
    return groupby(task_rows, key=lambda row: row[2])


def _files(place: int, total: int) -> tuple[str, ...]:
    """Return the page names for the owner at a place, by the number of tasks."""
    return tuple(page_file(f"owner-{place}", k) for k in range(1, -(-total // PER_PAGE) + 1))


def _standing(failing_count: int, unknown_count: int, urgent_count: int) -> str:
    parts = (
        (failing_count, mark("{n} failing")),
        (unknown_count, mark("{n} unknown")),
        (urgent_count, mark("{n} to act on now")),
    )
    return " · ".join(say(text, n=number(n)) for n, text in parts if n)


def _more(remainder: int, is_split: bool) -> str:
    if not remainder:
        return ""
    results = count(remainder, "further result")
    if is_split:
        return say("{results} on the pages of this owner:", results=results)
    return say("{results}: in {file}, by this owner.", results=results, file=FILE)


def _systems(view: View, task_rows: Iterable[tuple[Any, ...]]) -> tuple[System, ...]:
    """Group rows by agent or account, in the order of the roadmap."""
    anchors, place = {c.id: c.anchor for c in view.checks}, places(view)
    tasks_by_actor: dict[str, list[Task]] = defaultdict(list)
    for row, rank, _ in task_rows:
        pick = view.roadmap.picks[rank - 1]
        finding = {name: row[at] for name, at in place.items()}
        tasks_by_actor[finding["actor"]].append(
            Task(
                rank=pick.rank,
                lane=pick.lane,
                action=pick.id,
                check=finding["check"],
                anchor=anchors[finding["check"]],
                title=content(finding["title"]),
                severity=finding["severity"],
                subject=short(finding["subject"], FILE, 120)
                if finding["subject"] != finding["actor"]
                else "",
                status=finding["status"],
                reason=short(finding["reason"], FILE, 300),
                record=record(short(finding["record"], FILE, 160)),
                fix=content(finding["fix"]),
            )
        )
    return tuple(
        System(short(name, FILE, 120) or say("The organisation"), tuple(t))
        for name, t in tasks_by_actor.items()
    )
