"""What better evidence there is for a check that was met by what is only declared. In: a check, the
sources of a run. Out: lines, by the installed content."""

from __future__ import annotations

from collections.abc import Iterable, Set

from reporter.content import loader
from reporter.evaluate.evidence import fills_of, is_export, vendor_of
from reporter.evaluate.runner import columns_read
from reporter.i18n.translate import say
from reporter.model.assessment import Check
from reporter.model.reasons import SHOWN_BY
from reporter.model.source import Source
from reporter.schema.vocabulary import EVIDENCE

NAMED = 3
"""Number of exports that are named for a column."""
WEAKEST = EVIDENCE[0]


def better_evidence(check_id: str, present: Set[str]) -> list[str]:
    """Say for each column that the check reads, and that somebody declared, which exports show it.

    `present` are the ids of the sources of the run; exports of their vendors come first. Nothing
    where the installed content has no such check.
    """
    content = loader.load(examples=False)
    check = next((c for c in content.checks if c.id == check_id), None)
    if check is None:
        return []
    lines = []
    for column in _declared(check, content.sources, present):
        better = _better(column, content.sources, present)
        if better:
            lines.append(_line(column, better))
    return lines


def _declared(check: Check, sources: Iterable[Source], present: Set[str]) -> list[str]:
    """Return the columns that a check reads and of which a source of the run gives words."""
    given = [s for s in sources if s.id in present]
    return sorted(
        column
        for column in columns_read(check, loader.compiled_of(check))
        if any(
            column.partition(".")[0] in s.tables and s.class_of(column) == WEAKEST for s in given
        )
    )


def _better(column: str, sources: Iterable[Source], present: Set[str]) -> list[tuple[Source, str]]:
    """Return the exports that fill a column with more than words, each with its class."""
    vendors = {vendor_of(name) for name in present}
    found = [
        (s, evidence)
        for s in sources
        if is_export(s) and column in fills_of(s) and (evidence := s.class_of(column)) != WEAKEST
    ]
    return sorted(
        found,
        key=lambda f: (vendor_of(f[0].id) not in vendors, -EVIDENCE.index(f[1]), f[0].id),
    )


def _line(column: str, better: list[tuple[Source, str]]) -> str:
    named = "; ".join(f"{s.title}: {say(SHOWN_BY[e])}" for s, e in better[:NAMED])
    more = len(better) - NAMED
    text = say("{column} is declared. Better: {exports}", column=column, exports=named)
    rest = say("and {n} more in docs/what-to-export.md", n=more) if more > 0 else ""
    return f"  {text}{'; ' if rest else ''}{rest}"
