"""Counted results and their scores, as plain data. Scores are exact fractions between 0 and 1."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

COMPARED = 10
"""Number of positions of each roadmap lane that are compared with other weights."""


class Status(StrEnum):
    """State of one result (check, subject); scoring method 2.1.

    Declared is a pass that rests on what somebody wrote and no system shows.
    """

    PASS = "pass"
    DECLARED = "declared"
    FAIL = "fail"
    UNKNOWN = "unknown"
    NA = "na"
    ATTESTED = "attested"
    COMPENSATED = "compensated"


HELD = (Status.PASS, Status.DECLARED)
"""States of a result that is met, whoever shows it."""


def tier_text(lo: int, hi: int) -> str:
    """Write a tier interval as tables do: "3", or "1-4" where it is not known."""
    return str(lo) if lo == hi else f"{lo}-{hi}"


@dataclass(frozen=True, slots=True)
class Tally:
    """How many results of one check share a status and a tier interval (tier 1-4; lo = hi when
    known).
    """

    check: str
    status: Status
    tier_lo: int
    tier_hi: int
    n: int


@dataclass(frozen=True, slots=True)
class CheckScore:
    check: str
    lo: Fraction
    hi: Fraction
    counts: dict[Status, int]
    applicable: bool
    """False when every result is n/a or the check had no subject."""
    known: Fraction
    """Weight share of non-na results that are not unknown; 0 when not applicable."""
    attested: Fraction
    """Weight share of credited results that are attested only."""
    caps_lo: bool
    """Critical, and some tier 3-4 subject has credit 0 in lo (unknown counts)."""
    caps_hi: bool
    sum_lo: tuple[Fraction, Fraction]
    """(credited weight, total weight) behind lo."""
    sum_hi: tuple[Fraction, Fraction]


@dataclass(frozen=True, slots=True)
class PracticeScore:
    """The scored checks of one control (or theme) at one level."""

    level: int
    lo: Fraction
    hi: Fraction
    raw_lo: Fraction
    """Before the cap."""
    raw_hi: Fraction
    rating_lo: str
    rating_hi: str
    weights: tuple[tuple[str, int], ...]
    """(check id, severity weight x strength weight); the attestation practice has ('ask', 1)."""
    capped_by: tuple[str, ...]
    """Critical checks that cap lo."""


@dataclass(frozen=True, slots=True)
class ControlScore:
    """A control of a framework, or one theme of the enterprise view."""

    id: str
    state: str
    """assessed | not_assessed | not_applicable"""
    lo: Fraction
    hi: Fraction
    level_lo: int
    level_hi: int
    plus: bool
    """The next level's practice (if any) is above N in lo: print 'n+'."""
    target: int
    gap: int
    gap_kind: str
    """'' | implementation | evidence"""
    coverage: Fraction
    confidence: str
    """High | Medium | Low"""
    practices: tuple[PracticeScore, ...]
    weight: int


@dataclass(frozen=True, slots=True)
class GroupScore:
    """A category, function, framework or the enterprise: a weighted mean of controls, level by the
    group rule.
    """

    id: str
    title: str
    lo: Fraction
    hi: Fraction
    level_lo: int
    level_hi: int
    target: int
    gap: int
    coverage: Fraction
    assessed: int
    """Controls with evidence."""
    not_assessed: int
    not_applicable: int
    members: tuple[str, ...]
    """Control ids, in catalog order."""
    caps: tuple[tuple[int, str], ...] = ()
    """(highest level allowed, reason) of the caps that applied; enterprise only."""


@dataclass(frozen=True, slots=True)
class FrameworkScore:
    framework: str
    total: GroupScore
    groups: tuple[GroupScore, ...]
    controls: tuple[ControlScore, ...]


@dataclass(frozen=True, slots=True)
class Scores:
    checks: dict[str, CheckScore]
    frameworks: tuple[FrameworkScore, ...]
    enterprise: FrameworkScore
    """Its controls are the themes."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment of the organisation: the actors that share a value of a dimension."""

    dimension: str
    """environment | business unit | agent tier | actor type"""
    value: str
    """'' where no input says it."""
    actors: int
    unregistered_acted: bool
    """An agent of no register did something of high impact there."""
    tallies: tuple[Tally, ...]


@dataclass(frozen=True, slots=True)
class Slice:
    """The enterprise score of a segment: its results only, by the same themes."""

    segment: Segment
    score: FrameworkScore


@dataclass(frozen=True, slots=True)
class Reweighed:
    """The outcome with other weights of tiers and severities."""

    name: str
    weights: tuple[int, int, int, int]
    """Of tiers 1 to 4, and of severities low to critical."""
    levels: dict[str, dict[str, tuple[int, int]]]
    """Framework id -> id of it, a group or a control; or dimension -> value: the level on evidence,
    and at most.
    """
    first: tuple[tuple[str, ...], ...]
    """Ids of the first actions of the act-now lane, and of the ranking behind it."""


def levels_of(scores: Scores, slices: Iterable[Slice]) -> dict[str, dict[str, tuple[int, int]]]:
    """Return every level of a report, as `Reweighed.levels`."""
    levels: dict[str, dict[str, tuple[int, int]]] = {}
    for s in slices:
        ends = s.score.total.level_lo, s.score.total.level_hi
        levels.setdefault(s.segment.dimension, {})[s.segment.value] = ends
    for view in (*scores.frameworks, scores.enterprise):
        members: list[ControlScore | GroupScore] = [view.total, *view.groups, *view.controls]
        levels[view.framework] = {one.id: (one.level_lo, one.level_hi) for one in members}
    return levels
