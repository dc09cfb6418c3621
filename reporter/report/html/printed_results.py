"""Results as printed, column by column: most values of a column are alike, and each different one
is printed, escaped and searched once. In: raw rows. Out: `Rows`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import starmap
from typing import Any, NamedTuple

from reporter.i18n.translate import say
from reporter.model.scores import HELD, Status, tier_text
from reporter.report.view.format import owner, record, short
from reporter.runs.store import RESULTS
from reporter.system.plain_text import clean

ALL = "findings.csv"
PASS = Status.PASS.value
RAW = (
    *("id", "check", "subject", "owner", "tier_lo", "tier_hi"),
    *("status", "reason_code", "reason_values", "record", "waived_until"),
)
"""The columns of a result that are printed."""


@dataclass(frozen=True, slots=True)
class Column:
    """Values of which many are alike."""

    different: Sequence[Any]
    """Each once, in the order in which they come first."""
    numbers: Sequence[int]
    """Which of them each value is."""

    @classmethod
    def of(cls, values: Sequence[Hashable]) -> Column:
        """Take the values of a column."""
        different = list(dict.fromkeys(values))
        number = dict(zip(different, range(len(different)), strict=True))
        return cls(different, list(map(number.__getitem__, values)))

    def __iter__(self) -> Iterator[Any]:
        """Yield all values."""
        return map(self.different.__getitem__, self.numbers)

    def with_texts(self, texts: Sequence[str]) -> Column:
        """Return the column with a text for each different value; some may be alike now."""
        told = Column.of(texts)
        if len(told.different) == len(self.different):
            return Column(told.different, self.numbers)
        return Column(told.different, list(map(told.numbers.__getitem__, self.numbers)))


class Row(NamedTuple):
    """One result, as printed."""

    id: str
    """The same in every run; the anchor of the row is v- and the id."""
    severity: str
    status: str
    """fail | unknown | compensated | attested | pass"""
    subject: str
    tier: str
    """"tier 3"."""
    reason: str
    waived_until: str
    record: str
    owner: str


@dataclass(frozen=True, slots=True)
class Rows:
    """Results as printed, with a column for each field of `Row`."""

    columns: Mapping[str, Column]

    def __len__(self) -> int:
        """Return the number of results."""
        return len(self.columns["id"].numbers)

    def __iter__(self) -> Iterator[Row]:
        """Yield result by result, for templates of one's own."""
        return map(Row._make, zip(*map(self.columns.__getitem__, Row._fields), strict=True))

    def part(self, first: int, last: int) -> Rows:
        """Return the results from one place up to another."""
        return Rows({k: Column.of([*column][first:last]) for k, column in self.columns.items()})


Printer = Callable[[Sequence[tuple[Any, ...]], str], Rows]


def printer(sentence: Callable[[str, str, str], str]) -> Printer:
    """Return what prints raw results of one check and its severity. What is cut names the file that
    has it in full.
    """
    once = lru_cache(1 << 16)
    subject_text = once(lambda text, file: short(clean(text), file, 120))
    reason_text = once(lambda file, *said: short(clean(sentence(*said)), file))
    record_text = once(lambda text, file: record(short(clean(text), file, 160)))
    owner_name = once(owner_text)
    tier = once(lambda lo, hi: say("tier {n}", n=tier_text(lo, hi)))

    def printed(tell: Callable[..., str], *columns: Iterable[Any]) -> Column:
        values = Column.of(list(zip(*columns, strict=True)))
        return values.with_texts(list(starmap(tell, values.different)))

    def print_rows(results: Sequence[tuple[Any, ...]], severity: str) -> Rows:
        id_, check, subject, owners, lo, hi, status, code, values, ref, waived_until = zip(
            *results, strict=True
        )
        file = [RESULTS if s in HELD else ALL for s in status]
        return Rows(
            {
                "id": Column(id_, range(len(id_))),
                "severity": Column([severity], [0] * len(id_)),
                "status": Column.of(status),
                "subject": printed(subject_text, subject, file),
                "tier": printed(tier, lo, hi),
                "reason": printed(reason_text, file, check, code, values),
                "waived_until": Column.of(waived_until),
                "record": printed(record_text, ref, file),
                "owner": printed(owner_name, owners, file),
            }
        )

    return print_rows


def owner_text(name: str, file: str) -> str:
    """Return the name of an owner, cut where it is long."""
    return owner(short(clean(name), file, 80))
