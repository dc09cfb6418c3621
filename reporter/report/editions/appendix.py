"""The chapters at the end of the auditor's PDF: how each number came about, and all findings. In: a
`shape.View`. Out: their words, in parts.

Every row of findings.csv is there; where it cannot be, the chapter says how many are and where the
others stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from reporter.i18n.translate import content, mark, say, word
from reporter.report.document import View
from reporter.report.verdicts import places
from reporter.report.view.elements import Control, Group
from reporter.report.view.finding_rows import rows
from reporter.report.view.format import count, number, owner, record

TITLE = mark("All findings")
SUMS = mark("How each number came about")
COLUMNS = (
    *(mark("Subject (tier)"), mark("Owner"), mark("Status")),
    *(mark("Reason"), mark("Record")),
)
SHARES = (43, 37, 20, 63, 37)
"""Of the width of the page, by column."""


@dataclass(frozen=True, slots=True)
class Row:
    cells: tuple[str, ...]
    actor: str
    """Whose subject it is; '' where that is the same."""


@dataclass(frozen=True, slots=True)
class Section:
    """The findings of a check, or those of them that a part holds."""

    name: str
    """Of the check, for bookmarks."""
    head: str
    """The name, with severity and counts."""
    rows: tuple[Row, ...]
    goes_on: bool = False
    """It began in the part before."""


@dataclass(frozen=True, slots=True)
class Sums:
    """How the numbers of a framework, or of the checks, came about."""

    name: str
    sums: tuple[tuple[str, ...], ...]
    """The lines of each sum."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """The page on which the appendix begins."""

    text: tuple[str, ...]
    complete: bool
    pages: int
    """Of the appendix, after this page."""
    title: str
    before: int = 0
    """Pages of sums before this page."""
    sums: str = ""
    """Where these stand."""


def sums(view: View) -> tuple[Sums, ...]:
    """Write out the sum of everything that is assessed, by framework; those of the checks come
    last.
    """
    found = []
    for f in (view.themes, *view.frameworks):
        parts_of: tuple[Group | Control, ...] = (f.total, *f.groups, *f.controls)
        found.append((f.short, [p.reasons for p in parts_of if p.figure.assessed]))
    found.append((say("Checks"), [c.reasons for c in view.checks if c.figure.assessed]))
    return tuple(Sums(name, tuple(own)) for name, own in found if own)


def chapter(view: View, shown: int, pages: int, digest: str, before: int = 0) -> Chapter:
    """Say how many findings follow, in which order, and where the same stands; before it come so
    many pages of sums.
    """
    said = say("They stand on {pages} after this one.", pages=count(before, "page"))
    text, complete = _findings(view, shown, pages, digest)
    return Chapter(text, complete, pages, say(TITLE), before, said if before else "")


def _findings(view: View, shown: int, pages: int, digest: str) -> tuple[tuple[str, ...], bool]:
    total = len(view.findings)
    if not total:
        nothing = say(
            "No subject fails, is unknown, attested or compensated: there is nothing to list."
        )
        return (nothing,), True
    order = say(
        "The check of the highest severity comes first; within a check, what fails comes before"
        " what is unknown, compensated or attested. Tier 4 is the highest. Why each check matters,"
        " how to mend it and what it counts for is said under Evidence by check."
    )
    if shown == total:
        lead = say(
            "The {findings} of this assessment in full, on {pages} after this one: every row of"
            " findings.csv.",
            findings=count(total, "finding"),
            pages=count(pages, "page"),
        )
        return (lead, order), True
    lead = say(
        "This list is not complete: it shows {n} of {all} findings, what fails before all else. All"
        " {all} are in findings.csv beside this report, on pages beside report.html that can be"
        " searched, and in results.parquet, which is attached to this PDF (SHA-256 {digest}). A"
        " list of so many is not printed.",
        n=number(shown),
        all=number(total),
        digest=digest,
    )
    return (lead, order), False


def sections(view: View, limit: int | None = None) -> Iterator[Section]:
    """Group the findings, in the order of the view, by check; of so many at the most, what fails is
    taken first.
    """
    place, counts = places(view), {c.id: c.counts for c in view.checks}
    first = (
        f"QUALIFY row_number() OVER (ORDER BY status <> 'fail', place) <= {limit} ORDER BY place"
    )
    taken = (row for (row,) in rows(view.findings, more=first if limit is not None else ""))
    listed = ({name: row[at] for name, at in place.items()} for row in taken)
    for check, group in groupby(listed, key=lambda f: f["check"]):
        own = list(group)
        n, title, severity = counts[check], content(own[0]["title"]), word(own[0]["severity"])
        kinds = (
            ("fail", n.failed),
            ("unknown", n.unknown),
            ("compensated", n.compensated),
            ("attested", n.attested),
        )
        said = [f"{number(k)} {word(status)}" for status, k in kinds if k]
        if len(own) < sum(k for _, k in kinds):
            said.append(say("{n} shown", n=number(len(own))))
        name = f"{check} {title}"
        yield Section(name, f"{name} · {severity} · {' · '.join(said)}", tuple(map(_row, own)))


def _row(f: dict[str, str]) -> Row:
    waived = (
        say(", waived until {day} ({waiver})", day=f["waived_until"], waiver=f["waiver"])
        if f["waived_until"]
        else ""
    )
    return Row(
        cells=(
            f"{f['subject']} ({f['tier']})",
            owner(f["owner"]),
            word(f["status"]) + waived,
            f["reason"],
            record(f["record"]),
        ),
        actor=f["actor"] if f["actor"] != f["subject"] else "",
    )


def parts(found: Iterable[Section], size: int) -> Iterator[tuple[Section, ...]]:
    """Cut the sections into parts of so many rows; a section that is cut goes on in the next."""
    part: list[Section] = []
    room = size
    for section in found:
        at = 0
        while at < len(section.rows):
            rows = section.rows[at : at + room]
            head = say("{check} (continued)", check=section.head) if at else section.head
            part.append(Section(section.name, head, rows, at > 0))
            at, room = at + len(rows), room - len(rows)
            if not room:
                yield tuple(part)
                part, room = [], size
    if part:
        yield tuple(part)
