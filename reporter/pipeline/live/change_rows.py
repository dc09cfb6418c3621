"""The rows of what changed. In: changes, the report made last. Out: rows, the newest first;
of one judgement what fails first, and like results of a subject in one row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC
from itertools import groupby

from reporter.i18n.translate import content, say, say_n
from reporter.model import ids
from reporter.model.assessment import SEVERITIES
from reporter.pipeline.live.page_maker import Page
from reporter.pipeline.live.told_changes import Change

FOLDED = 4
"""Like results of a subject that make one row."""


@dataclass(frozen=True, slots=True)
class Named:
    """A check, and where the report has its result; '' where it has none yet."""

    check: str
    link: str


@dataclass(frozen=True, slots=True)
class ChangeRow:
    number: int
    """Of its first change."""
    time: str
    iso: str
    checks: tuple[Named, ...]
    title: str
    """Of the check; how many they are where they are several."""
    severity: str
    subject: str
    before: str
    now: str
    reason: str
    note: str


def rows(changes: Iterable[Change], page: Page | None) -> Iterator[ChangeRow]:
    """Return the rows of changes, which are given the oldest first."""
    judgements = [[*told] for _, told in groupby(changes, key=lambda c: c.told_at)]
    for told in reversed(judgements):
        alike: dict[tuple[object, ...], list[Change]] = defaultdict(list)
        for change in told:
            alike[_likeness(change)].append(change)
        single = [c for group in alike.values() if len(group) < FOLDED for c in group]
        groups = [[c] for c in single] + [g for g in alike.values() if len(g) >= FOLDED]
        for group in sorted(groups, key=lambda g: _rank(g[0])):
            yield _row(group, page)


def link(page: Page | None, check: str, subject: str) -> str:
    """Return where the report has a result; '' where it has none."""
    place = page.about.places.get(check, "") if page else ""
    return f"{place}#v-{ids.finding(check, subject)}" if place else ""


def _likeness(change: Change) -> tuple[object, ...]:
    """Return what changes of one row have in common: a failure has a row of its own."""
    if "fail" in (change.before, change.now):
        return (change.number,)
    return change.subject, change.before, change.now, change.reason, change.is_as_before


def _rank(change: Change) -> tuple[int, int, int]:
    kind = 0 if change.now == "fail" else 1 if change.before == "fail" else 2
    known = change.severity in SEVERITIES
    severity = SEVERITIES.index(change.severity) if known else len(SEVERITIES)
    return kind, severity, change.number


def _row(group: list[Change], page: Page | None) -> ChangeRow:
    change, is_one = group[0], len(group) == 1
    return ChangeRow(
        number=change.number,
        time=f"{change.told_at.astimezone(UTC):%H:%M:%S}",
        iso=f"{change.told_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        checks=tuple(Named(c.check, _link_of(c, page)) for c in group),
        title=content(change.title) if is_one else say_n("one check", "{n} checks", len(group)),
        severity=change.severity if is_one else "",
        subject=change.subject or say("the whole organisation"),
        before=_spoken(change.before),
        now=_spoken(change.now),
        reason=change.reason,
        note=_note(change),
    )


def _link_of(change: Change, page: Page | None) -> str:
    """Return the link of a change; '' where the report was made before it, or has no result."""
    is_in = page is not None and change.number <= page.about.told
    is_result = change.now != "not_applicable"
    return link(page, change.check, change.subject) if is_in and is_result else ""


def _note(change: Change) -> str:
    if change.ended:
        return say("its episode has ended")
    if change.before != change.now:
        return ""
    return say("its waiver has changed") if change.is_as_before else say("for another reason")


def _spoken(status: str) -> str:
    return status.replace("_", " ")
