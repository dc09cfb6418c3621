"""The chapter of the auditor's paper on findings, by check. In: a `document.View`. Out: what fails
in full, and what else is a finding by its reason.

A large run prints the first failures of each check; all findings are in findings.csv.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from reporter.i18n.translate import say, word
from reporter.model.reasons import alike, says_alike
from reporter.model.scores import Status
from reporter.report.document import View
from reporter.report.view.elements import Check
from reporter.report.view.finding_rows import COLUMNS, rows
from reporter.report.view.format import clean, number, owner, record, short
from reporter.runs.store import OPEN

PRINTED = 1000
"""Failing results on paper: about 30 pages."""
NAMED = 4
"""Subjects of a group that are named."""
FILE = "findings.csv"
_BY_TIER = "tier_hi DESC, subject"


@dataclass(frozen=True, slots=True)
class Failure:
    """A failing result."""

    subject: str
    tier: str
    about: str
    """Whose subject it is, and until when it is waived; '' for neither."""
    reason: str
    record: str
    owner: str


@dataclass(frozen=True, slots=True)
class Group:
    """Results of a check that are no failures and have one reason."""

    count: str
    """"3 unknown"."""
    reason: str
    names: str
    """"agt-a, agt-b and 12 more"."""


@dataclass(frozen=True, slots=True)
class Found:
    """The findings of a check."""

    failures: tuple[Failure, ...]
    note: str
    """How many failures are not printed, and where they are; '' where all are."""
    groups: tuple[Group, ...]


def findings_by_check(view: View) -> Mapping[str, Found]:
    """Return the findings of each check that has any, by the id of the check."""
    failing = {c.id: c.counts.failed for c in view.checks if c.counts.failed}
    most = _most_of_each(failing.values(), PRINTED)
    failures, groups = _failures(view, most), _groups(view)
    return {
        c.id: Found(failures.get(c.id, ()), _note(c.counts.failed, most), groups.get(c.id, ()))
        for c in view.checks
        if c.id in failures or c.id in groups
    }


def of_same_subjects(
    checks: Iterable[Check], found: Mapping[str, Found]
) -> list[tuple[Group | None, list[Check]]]:
    """Put checks together that say the same, then those of a theme that say one thing of the same
    subjects, each its own reason. Checks that say several things have None and are alone.
    """
    together: dict[object, tuple[Group | None, list[Check]]] = {}
    for alike_ones in alike_checks(checks, found):
        first, groups = alike_ones[0], found[alike_ones[0].id].groups
        one = groups[0] if len(groups) == 1 else None
        is_of_theme = one and {c.theme for c in alike_ones} == {first.theme}
        key = (first.theme, one.count, one.names) if one and is_of_theme else first.id
        together.setdefault(key, (one, []))[1].extend(alike_ones)
    return list(together.values())


def alike_checks(checks: Iterable[Check], found: Mapping[str, Found]) -> list[list[Check]]:
    """Put checks together of which all is said in the same words, in the order of the first."""
    together: dict[object, list[Check]] = {}
    for check in checks:
        own = found.get(check.id)
        words = own.groups if own else (check.counts.text, check.figure)
        together.setdefault(words, []).append(check)
    return list(together.values())


def _most_of_each(counts: Iterable[int], room: int) -> int:
    """Return how many failures each check may print so that all together keep to a number."""
    left = sorted(counts)
    for n, count in enumerate(left):
        checks = len(left) - n
        if count * checks > room:
            return max(room // checks, 1)
        room -= count
    return left[-1] if left else 0


def _failures(view: View, most: int) -> dict[str, tuple[Failure, ...]]:
    nth = f'row_number() OVER (PARTITION BY "check" ORDER BY {_BY_TIER})'
    more = f'QUALIFY {nth} <= {most} ORDER BY "check", {_BY_TIER}'
    texts = (
        dict(zip(COLUMNS, row, strict=False))
        for (row,) in rows(view.findings, f"status = '{Status.FAIL}'", more)
    )
    return {
        check: tuple(map(_failure, of_check))
        for check, of_check in groupby(texts, key=itemgetter("check"))
    }


def _failure(text: Mapping[str, str]) -> Failure:
    notes = [] if text["actor"] in ("", text["subject"]) else [short(text["actor"], FILE, 120)]
    if day := text["waived_until"]:
        notes.append(say("waived until {day} ({waiver})", day=day, waiver=text["waiver"]))
    return Failure(
        subject=short(text["subject"], FILE, 120),
        tier=say("tier {n}", n=text["tier"]) if text["tier"] else "",
        about=", ".join(notes),
        reason=short(text["reason"], FILE),
        record=record(short(text["record"], FILE, 160)),
        owner=owner(short(text["owner"], FILE, 80)),
    )


def _groups(view: View) -> dict[str, tuple[Group, ...]]:
    """Group the findings that are no failures by status and reason, the most frequent first."""
    findings = view.findings
    names = f"list_slice(list(subject ORDER BY {_BY_TIER}), 1, {NAMED})"
    columns = (
        *("check", "status", "reason_code", "min(reason_values)", "max(reason_values)"),
        *("count(*)", names),
    )
    where = f"{OPEN} AND status <> '{Status.FAIL}'"
    order = (
        'GROUP BY "check", status, reason_code'
        ' ORDER BY "check", status DESC, count(*) DESC, reason_code'
    )
    sentence = findings.results.reasons.of
    groups: dict[str, list[Group]] = {}
    for check, status, code, first, last, n, subjects in findings.results.each(
        columns, where, order
    ):
        reason = clean(alike(sentence(check, code, first), says_alike(first, last)))
        groups.setdefault(findings.heads[check][0], []).append(
            Group(f"{number(n)} {word(status)}", short(reason, FILE), _names(subjects, n))
        )
    return {check: tuple(of_check) for check, of_check in groups.items()}


def _names(subjects: Iterable[str], total: int) -> str:
    names = [short(clean(name), FILE, 80) for name in subjects]
    listed = ", ".join(names)
    if total > len(names):
        return say("{named} and {n} more", named=listed, n=number(total - len(names)))
    return listed


def _note(failed: int, most: int) -> str:
    if failed <= most:
        return ""
    return say(
        "{n} of {all} failing subjects shown, highest tier first; all {all} are in findings.csv.",
        n=number(most),
        all=number(failed),
    )
