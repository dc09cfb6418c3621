"""The findings of a view, read from the store when they are printed. In: the results of a run. Out:
rows of texts, in any order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, overload

from reporter.model.scores import tier_text
from reporter.runs.store import OPEN, Results
from reporter.system.plain_text import clean

COLUMNS = (
    *("id", "check", "title", "severity", "subject", "actor", "owner", "tier"),
    *("status", "reason", "record", "waived_until", "waiver", "fix"),
    *("finding", "first_seen", "age_in_days", "age_is", "reopened"),
)
"""Followed by one column per framework with the ids of the controls that the check counts for."""
Row = tuple[str, ...]
NO_DATES: Row = ("", "", "", "")
OWED, BY_OWNER = "rank IS NOT NULL", "owner, rank, place"
"""In SQL: the results that an action fixes, and whose they are, in the order of the roadmap."""
_STORE_COLUMNS = (
    *("id", "check", "subject", "actor", "owner", "tier_lo", "tier_hi"),
    *("status", "reason", "record", "waived_until", "waiver", "listed", "cause"),
)


@dataclass(frozen=True, slots=True)
class Findings:
    """Every fail, unknown, compensated and attested result: the rows of findings.csv, in its
    order, read anew each time.
    """

    results: Results
    total: int
    heads: dict[str, tuple[str, str, str]]
    """Check -> its id, title and severity as printed."""
    fixes: dict[str, tuple[str, str]]
    """Check -> what fixes it on who stands in no list, and on who stands in one."""
    tails: dict[str, Row]
    """Check -> the controls of each framework that it counts for."""
    dates: dict[str, Row] = field(default_factory=dict)
    """Finding -> first seen, age in days, how that is meant, reopened; without an earlier run there
    are none.
    """

    def __len__(self) -> int:
        """Return the number of findings without reading them."""
        return self.total

    def __iter__(self) -> Iterator[Row]:
        """Yield the rows, one text per column."""
        return (row for (row,) in rows(self))

    @overload
    def __getitem__(self, position: int) -> Row: ...
    @overload
    def __getitem__(self, position: slice) -> list[Row]: ...
    def __getitem__(self, position: int | slice) -> Row | list[Row]:
        """Return a row, or a list of rows for a slice."""
        if isinstance(position, slice):
            return list(islice(self, *position.indices(len(self))))
        if not -len(self) <= position < len(self):
            raise IndexError(position)
        return next(islice(self, position % len(self), None))


def rows(
    findings: Findings, where: str = OPEN, more: str = "", also: Sequence[str] = ()
) -> Iterator[tuple[Any, ...]]:
    """Yield each result that matches a condition over `store.RESULT` as a row of texts, followed by
    further store columns.
    """
    for values in findings.results.each((*_STORE_COLUMNS, *also), where, more):
        (
            id_,
            check,
            subject,
            actor,
            owner,
            lo,
            hi,
            status,
            reason,
            record,
            waived_until,
            waiver,
            is_listed,
            cause,
        ) = values[: len(_STORE_COLUMNS)]
        yield (
            (
                id_,
                *findings.heads[check],
                clean(subject),
                clean(actor),
                clean(owner),
                tier_text(lo, hi),
                status,
                clean(reason),
                clean(record),
                waived_until,
                clean(waiver),
                findings.fixes[check][is_listed],
                clean(cause),
                *findings.dates.get(cause, NO_DATES),
                *findings.tails[check],
            ),
            *values[len(_STORE_COLUMNS) :],
        )
