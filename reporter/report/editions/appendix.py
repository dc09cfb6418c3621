"""The last chapters of the auditor's PDF: how each number came about, and all findings. In: a
`shape.View`. Out: their words, in parts.

Every row of findings.csv is there. If not, the chapter gives the number of rows and the place of
the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from reporter.i18n.translate import content, mark, say, word
from reporter.report.document import View
from reporter.report.view.elements import Control, Group
from reporter.report.view.finding_rows import COLUMNS as FINDING
from reporter.report.view.finding_rows import Findings, rows
from reporter.report.view.format import count, number, owner, record

TITLE = mark("All findings")
COLUMNS = (
    *(mark("Subject (tier)"), mark("Owner"), mark("Status")),
    *(mark("Reason"), mark("Record")),
)
SHARES = (43, 37, 20, 63, 37)
"""Of the width of the page, by column."""
_KINDS = ("fail", "unknown", "compensated", "attested")


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


def sums(view: View) -> tuple[Sums, ...]:
    """Print the sums of all assessed objects by framework; those of the checks come last."""
    reason_lists = []
    for f in (view.themes, *view.frameworks):
        parts_of: tuple[Group | Control, ...] = (f.total, *f.groups, *f.controls)
        reason_lists.append((f.short, [p.reasons for p in parts_of if p.figure.assessed]))
    reason_lists.append((say("Checks"), [c.reasons for c in view.checks if c.figure.assessed]))
    return tuple(Sums(name, tuple(reasons)) for name, reasons in reason_lists if reasons)


def chapter(view: View, shown_count: int, pages: int, digest: str) -> Chapter:
    """Print the number and order of the findings, and where else they are."""
    text, is_complete = _findings(view, shown_count, pages, digest)
    return Chapter(text, is_complete, pages, say(TITLE))


def _findings(
    view: View, shown_count: int, pages: int, digest: str
) -> tuple[tuple[str, ...], bool]:
    total = len(view.findings)
    if not total:
        nothing = say(
            "No subject fails or is unknown, attested or compensated, so there is nothing to list."
        )
        return (nothing,), True
    order = say(
        "The check of the highest severity comes first; within a check, what fails comes before"
        " what is unknown, compensated or attested. Tier 4 is the highest. Evidence by check says"
        " why"
        " each check matters, how to fix it and what it counts for."
    )
    if shown_count == total:
        lead = say(
            "The {findings} of this assessment in full, on the next {pages}: every row of"
            " findings.csv.",
            findings=count(total, "finding"),
            pages=count(pages, "page"),
        )
        return (lead, order), True
    lead = say(
        "This list is not complete: it shows {n} of {all} findings, failures first. All {all} are"
        " in"
        " findings.csv and on the searchable pages next to report.html. They are also in"
        " results.parquet, which is attached to this PDF (SHA-256 {digest}). A list this long is"
        " not printed.",
        n=number(shown_count),
        all=number(total),
        digest=digest,
    )
    return (lead, order), False


def totals_of(view: View) -> dict[str, dict[str, int]]:
    """Return how many results of each check have each status that is listed."""
    return {
        c.id: dict(zip(_KINDS, (k.failed, k.unknown, k.compensated, k.attested), strict=True))
        for c in view.checks
        for k in (c.counts,)
    }


def sections(
    findings: Findings, totals: Mapping[str, Mapping[str, int]], limit: int | None = None
) -> Iterator[Section]:
    """Group the findings by check, in their order. A limit keeps failures first; `totals` tell how
    many there are: check -> status -> number.
    """
    clause = (
        f"QUALIFY row_number() OVER (ORDER BY status <> 'fail', place) <= {limit} ORDER BY place"
    )
    finding_rows = rows(findings, more=clause if limit is not None else "")
    records = (dict(zip(FINDING, row, strict=False)) for (row,) in finding_rows)
    for check, group in groupby(records, key=lambda f: f["check"]):
        check_rows = list(group)
        title, severity = content(check_rows[0]["title"]), word(check_rows[0]["severity"])
        kinds = [(status, totals[check].get(status, 0)) for status in _KINDS]
        counts = [f"{number(k)} {word(status)}" for status, k in kinds if k]
        if len(check_rows) < sum(k for _, k in kinds):
            counts.append(say("{n} shown", n=number(len(check_rows))))
        name = f"{check} {title}"
        yield Section(
            name, f"{name} · {severity} · {' · '.join(counts)}", tuple(map(_row, check_rows))
        )


def _row(finding: dict[str, str]) -> Row:
    waiver_note = (
        say(
            ", waived until {day} ({waiver})", day=finding["waived_until"], waiver=finding["waiver"]
        )
        if finding["waived_until"]
        else ""
    )
    return Row(
        cells=(
            f"{finding['subject']} ({finding['tier']})",
            owner(finding["owner"]),
            word(finding["status"]) + waiver_note,
            finding["reason"],
            record(finding["record"]),
        ),
        actor=finding["actor"] if finding["actor"] != finding["subject"] else "",
    )


def parts(sections: Iterable[Section], size: int) -> Iterator[tuple[Section, ...]]:
    """Split the sections into parts with a maximum number of rows. A split section continues in the
    next part.
    """
    part: list[Section] = []
    room = size
    for section in sections:
        offset = 0
        while offset < len(section.rows):
            rows = section.rows[offset : offset + room]
            head = say("{check} (continued)", check=section.head) if offset else section.head
            part.append(Section(section.name, head, rows, offset > 0))
            offset, room = offset + len(rows), room - len(rows)
            if not room:
                yield tuple(part)
                part, room = [], size
    if part:
        yield tuple(part)
