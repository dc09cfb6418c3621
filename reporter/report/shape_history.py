"""The shape of the chapter on earlier runs: scores over time, and what became of each verdict; a part of `shape.View`."""

from __future__ import annotations

from dataclasses import dataclass

from .shape_changes import Changed


@dataclass(frozen=True, slots=True)
class RunBefore:
    """An earlier run that was compared."""

    as_of: str
    period: str
    evidence_id: str
    report_sha256: str
    note: str
    """What it rests on that differs from the run after it; empty where they are like with like."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A point of a trend; places are thousandths, of the time and of the score."""

    as_of: str
    level: str
    """"1", or empty when not assessed."""
    score: str
    range: str
    at: int
    at_lo: int
    at_hi: int
    assessed: bool
    alike: bool
    """Like with like with the run before it."""
    level_lo: int = 0
    """0 when not assessed."""


@dataclass(frozen=True, slots=True)
class Trend:
    """The scores of the whole or of a framework, run by run."""

    name: str
    moments: tuple[Moment, ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """The whole, a framework or a theme, in the last run before and now."""

    name: str
    kind: str
    """enterprise | framework | theme"""
    level_before: str
    level: str
    score_before: str
    range_before: str
    score: str
    range: str
    difference: str
    """"+3.20 points"; empty where one of the two is not assessed."""
    verdict: str
    """What may be said of the difference."""


@dataclass(frozen=True, slots=True)
class Flow:
    """How many verdicts went one way."""

    label: str
    n: str
    text: str
    """What it means; empty where the label says it."""


@dataclass(frozen=True, slots=True)
class Balance:
    """Verdicts of one kind, and the parts that add up to them."""

    title: str
    sum: str
    """"244 failed then = 30 mended + 214 still failing"."""
    flows: tuple[Flow, ...]


@dataclass(frozen=True, slots=True)
class CheckMoves:
    """The checks with the most verdicts that went one way."""

    title: str
    text: str
    rows: tuple[tuple[str, str, str, str], ...]
    """(check, its anchor, its title, how many)"""


@dataclass(frozen=True, slots=True)
class History:
    text: str = ""
    sentences: tuple[str, ...] = ()
    """The chapter in at most five sentences."""
    runs: tuple[RunBefore, ...] = ()
    unlike: tuple[str, ...] = ()
    """Why this run and the last before are not like with like; empty where they are."""
    trends: tuple[Trend, ...] = ()
    """The whole first, then each framework."""
    moved: tuple[Moved, ...] = ()
    balances: tuple[Balance, ...] = ()
    matrix_columns: tuple[str, ...] = ()
    matrix: tuple[tuple[str, ...], ...] = ()
    """A row a verdict before, a column a verdict now, with sums."""
    matrix_text: str = ""
    checks: tuple[CheckMoves, ...] = ()
    actors: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    changes: Changed | None = None
    """All: the rows of changes.csv; None where nothing is compared."""
