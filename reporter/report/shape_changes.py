"""The rows of changes.csv, asked of the store when somebody prints them. In: the changes of a run. Out: rows of texts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reporter.earlier import GONE, OUTSIDE
from reporter.plain import clean
from reporter.store import Changes
from reporter.texts import mark

COLUMNS = (
    *("what", "check", "subject", "actor", "owner", "before", "now", "reason_before", "reason"),
    *("record_before", "record", "failing_since", "waived_until"),
)
_FAILED = {
    "pass": mark("mended"), "unknown": mark("lost from sight"), GONE: mark("gone"), OUTSIDE: mark("no longer in scope"), "na": mark("no longer in scope"),
    "compensated": mark("compensated"), "attested": mark("attested"), "fail": mark("still failing"),
}  # fmt: skip
FAILS = {
    "pass": mark("fails now"), "unknown": mark("found failing"), GONE: mark("new, failing"), OUTSIDE: mark("newly in scope, failing"),
    "na": mark("newly in scope, failing"), "compensated": mark("no longer compensated"), "attested": mark("no longer attested"),
}  # fmt: skip


def what(before: str, now: str) -> str:
    """Name what became of a verdict."""
    if before == "fail":
        return _FAILED.get(now, f"failed, now {now}")
    if now == "fail":
        return FAILS.get(before, f"fails, was {before}")
    if before == now:
        return "unchanged"
    if GONE in (before, now):
        return "new" if before == GONE else "gone"
    if {OUTSIDE, "na"} & {before, now}:
        return "newly in scope" if before in (OUTSIDE, "na") else "no longer in scope"
    if "unknown" in (before, now):
        return "evidence found" if before == "unknown" else "evidence lost"
    return f"{before}, now {now}"


@dataclass(frozen=True, slots=True)
class Changed:
    """Every verdict that differs from the last run before, or fails in both: the rows of changes.csv, read anew each time."""

    held: Changes
    total: int

    def __len__(self) -> int:
        """Return how many there are, without reading them."""
        return self.total

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        """Yield the rows, a text a column of `COLUMNS`."""
        return (tuple(map(clean, row_of(held))) for held in self.held.each())


def row_of(held: tuple[Any, ...]) -> tuple[str, ...]:
    """Say a change as `COLUMNS` do, in its own letters."""
    *told, before, now, reason_before, reason, ref_before, ref, since, until = held
    then, today = ("" if v in (GONE, OUTSIDE) else v for v in (before, now))
    day = since.date().isoformat() if since else ""
    return what(before, now), *told, then, today, reason_before, reason, ref_before, ref, day, until
