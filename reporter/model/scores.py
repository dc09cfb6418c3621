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


FULLY, IN_PART, BY_STATEMENT, NOT_AT_ALL = "fully", "in_part", "by_statement", "not_at_all"
EXTENTS = (FULLY, IN_PART, BY_STATEMENT, NOT_AT_ALL)
"""How far a control is assessed; docs/method.md has the terms."""


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
    passed: Fraction
    """Weight share of non-na results that are met (HELD), at full credit whoever shows it."""
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
    rating_lo: str
    """N | P | L | F"""
    rating_hi: str
    coverage: Fraction
    passed: Fraction
    """As coverage, of what is met only; no cap."""
    confidence: str
    """High | Medium | Low"""
    practices: tuple[PracticeScore, ...]
    weight: int
    extent: str
    """One of EXTENTS; '' where it is not applicable."""


@dataclass(frozen=True, slots=True)
class GroupScore:
    """A category, function, framework or the enterprise: a weighted mean of controls."""

    id: str
    title: str
    lo: Fraction
    hi: Fraction
    coverage: Fraction
    passed: Fraction
    """As coverage, of what is met only; no cap."""
    assessed: int
    """Controls with evidence."""
    not_assessed: int
    not_applicable: int
    members: tuple[str, ...]
    """Control ids, in catalog order."""
    extents: tuple[int, int, int, int]
    """Controls by EXTENTS; the last are those without evidence."""


def passed_of_judged(score: ControlScore | GroupScore) -> Fraction | None:
    """Return the share met of what could be judged, between 0 and 1; None where nothing could."""
    return score.passed / score.coverage if score.coverage else None


@dataclass(frozen=True, slots=True)
class FrameworkScore:
    framework: str
    total: GroupScore
    groups: tuple[GroupScore, ...]
    controls: tuple[ControlScore, ...]


MET, MISSING, UNKNOWN = "met", "missing", "unknown"
"""What a practice is to a level that asks for it; unknown where evidence could still show it."""


@dataclass(frozen=True, slots=True)
class ThemeLevel:
    """The highest level that a theme does not block. It is not a level of the theme."""

    theme: str
    lo: int
    hi: int
    target: int


@dataclass(frozen=True, slots=True)
class LevelScore:
    """The level that the practices of all themes permit."""

    lo: int
    """On evidence."""
    hi: int
    """If all missing evidence is favourable."""
    judged: int
    """The highest level that can be judged: above it fewer than half of the practices exist."""
    target: int
    """0: none is set."""
    themes: tuple[ThemeLevel, ...]
    caps: tuple[tuple[int, str], ...] = ()
    """(highest level on evidence, reason) of the caps that hold it down."""


Permitted = LevelScore | ThemeLevel


@dataclass(frozen=True, slots=True)
class Scores:
    checks: dict[str, CheckScore]
    frameworks: tuple[FrameworkScore, ...]
    enterprise: FrameworkScore
    """Its controls are the themes."""
    level: LevelScore
    """Of the enterprise."""
    framework_levels: dict[str, LevelScore]
    """By framework: the same rule over the checks of its controls. It is ours, no publisher's;
    missing where fewer than half of the controls are assessed, or level 1 cannot be judged.
    """

    def levels(self) -> dict[str, LevelScore]:
        """Return the level of the enterprise and of each framework that has one, by id."""
        return {**self.framework_levels, self.enterprise.framework: self.level}


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment of the organisation: the actors that share a value of a dimension."""

    dimension: str
    """environment | business unit | agent tier | actor type"""
    value: str
    """'' where no input says it."""
    actors: int
    tallies: tuple[Tally, ...]


@dataclass(frozen=True, slots=True)
class Slice:
    """The enterprise score of a segment: its results only, by the same themes."""

    segment: Segment
    score: FrameworkScore
    level: LevelScore


@dataclass(frozen=True, slots=True)
class Honoured:
    """The outcome if all waivers were honoured."""

    level: LevelScore
    totals: tuple[GroupScore, ...]
    """Of the enterprise, then of each framework."""


@dataclass(frozen=True, slots=True)
class Reweighed:
    """The outcome with other weights of tiers and severities."""

    name: str
    weights: tuple[int, int, int, int]
    """Of tiers 1 to 4, and of severities low to critical."""
    levels: dict[str, dict[str, tuple[int, int]]]
    """Framework id -> its own id, or that of a theme; or dimension -> value: the level on evidence,
    and at most.
    """
    first: tuple[tuple[str, ...], ...]
    """Ids of the first actions of the act-now lane, and of the ranking behind it."""


@dataclass(frozen=True, slots=True, order=True)
class TierWord:
    """A risk tier that is only declared."""

    actor: str
    risk_tier: str
    record: str
    """Where it is declared, as file#record."""


@dataclass(frozen=True, slots=True)
class FalseTier:
    """A risk tier that is among the words of a `Least`."""

    word: TierWord
    results: tuple[Tally, ...] = ()
    """Results on this actor that are among them too, with the tier that they have now."""


@dataclass(frozen=True, slots=True)
class Least:
    """The fewest results, or words, that would have to be otherwise for a rating or level to be."""

    at_least: int
    at_most: int
    """As many would do. Equal to `at_least` where the number is exact."""
    after: str
    """The rating, or level, that it would then have."""
    results: tuple[Tally, ...]
    """Results that would do, by kind: any of a kind do alike."""
    tiers: tuple[FalseTier, ...] = ()
    """Tiers that are among the words; together with `results` and theirs they are `at_most`."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How many words (declared results, declared risk tiers, statements) would have to be false for
    a level to fall.
    """

    framework: str
    theme: str
    """Of which the level that it permits is meant; '' of the level of the whole."""
    level: int
    words: int
    """Words in the practices that the level asks for, or of actors with results there."""
    least: Least | None
    """None where it would stand if all of them were false."""
    settled: bool = True
    """False where nothing was found and not every set with false tiers could be ruled out."""


@dataclass(frozen=True, slots=True)
class FlipSet:
    """The fewest results that would change the rating of a control or theme on evidence."""

    framework: str
    control: str
    worse: Least | None
    """If they failed; None where it has the lowest rating."""
    better: Least | None
    """If they passed; None where it has the highest one."""


STATED = "statement"
"""Beside the classes of evidence: what counts because a person says so."""


@dataclass(frozen=True, slots=True)
class Basis:
    """On what a score on evidence rests, or the practices that a level asks for."""

    framework: str
    id: str
    """Of a control, group or theme; '' of the whole."""
    is_level: bool
    parts: tuple[tuple[str, Fraction], ...]
    """By class of evidence or STATED; together they are the score."""


@dataclass(frozen=True, slots=True)
class Reliance:
    """How much of the numbers hangs on words, and which results decide."""

    bases: tuple[Basis, ...] = ()
    budgets: tuple[Budget, ...] = ()
    flips: tuple[FlipSet, ...] = ()


def levels_of(scores: Scores, slices: Iterable[Slice]) -> dict[str, dict[str, tuple[int, int]]]:
    """Return every level of a report, as `Reweighed.levels`."""
    whole = scores.enterprise.framework
    levels = {
        **{name: {name: (level.lo, level.hi)} for name, level in scores.framework_levels.items()},
        whole: {t.theme: (t.lo, t.hi) for t in scores.level.themes},
    }
    levels[whole][whole] = scores.level.lo, scores.level.hi
    for s in slices:
        levels.setdefault(s.segment.dimension, {})[s.segment.value] = s.level.lo, s.level.hi
    return levels
