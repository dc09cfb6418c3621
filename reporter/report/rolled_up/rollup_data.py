"""A roll-up as plain data: the runs that are in it, those left out, and the score of each group.
Scores are exact fractions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

UNIT, ORGANISATION = "unit", "organisation"
OF_RUNS = (ORGANISATION, UNIT)
"""Levels whose groups are whole runs."""
OLDER, RULES, PERIOD, NAMELESS, UNREADABLE, FAILED, ABSENT, UNPLANNED = (
    *("older", "rules", "period", "nameless", "unreadable", "failed", "absent", "unplanned"),
)
"""Why a run or unit is left out. Nameless: it has no table of the attributes that are asked for.
Unplanned: an earlier batch had it, and the plan has it no more.
"""
NOT_ASKED = (ABSENT, UNPLANNED)
"""Of what the plan does not ask for, nothing counts as unknown."""
THIN, MEMBERS, NARROW, NOTHING = "thin", "members", "narrow", "nothing"
"""Why a group has no score, or of `NARROW` no level. Members: those with enough evidence hold too
few of its results. Narrow: too few practices of level 1 apply. Nothing: nothing could be assessed.
"""


@dataclass(frozen=True, slots=True)
class Pooled:
    """A run that is in the roll-up."""

    unit: str
    organisation: str
    run: str
    as_of: datetime
    manifest: str
    """SHA-256 of its manifest."""
    results: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A run or unit that is not in the roll-up."""

    unit: str
    organisation: str
    why: str
    """One of the codes above."""
    detail: str = ""
    run: str = ""
    """Of the run that is left out, or of the last one that is there."""
    unknown: int | None = None
    """Results of that run that count as unknown; None where none do."""


@dataclass(frozen=True, slots=True)
class Group:
    """All results of one group, and its score."""

    path: tuple[str, ...]
    """Values of the levels, outermost first; () is the whole."""
    units: tuple[str, ...]
    """Units with results in it."""
    actors: int
    """On whom there are results in it."""
    counts: dict[str, int]
    """Results by status."""
    unknown_units: int
    """Results of units that are left out, counted as unknown; they are not in `counts`."""
    undrawn: int
    """Subjects of samples that were not drawn, counted as unknown where runs are pooled."""
    inside: int
    """Results of its groups together."""
    outside: int
    """Results in none of its groups: they are about the organisation."""
    again: int
    """How often results count in a second group: they are about what several agents share."""
    score: tuple[Fraction, Fraction] | None
    """On evidence, and at most; None where too little could be judged."""
    level: tuple[int, int] | None
    coverage: Fraction
    why: str
    """Why it has no score, or no level; '' where it has both."""
    caps: tuple[tuple[int, str], ...]
    weakest: tuple[tuple[str, Fraction], ...]
    """Themes with the lowest scores on evidence; of a group without a score those with the least
    coverage, and that.
    """

    @property
    def results(self) -> int:
        """How many results it has."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class FrameworkTotal:
    """The score of a framework over all that is pooled."""

    framework: str
    title: str
    score: tuple[Fraction, Fraction]
    coverage: Fraction


@dataclass(frozen=True, slots=True)
class Rollup:
    """Many runs, or one in its groups, scored from their results."""

    organisations: tuple[str, ...]
    levels: tuple[str, ...]
    """Attributes by which results are grouped, outermost first."""
    period_from: datetime
    period_to: datetime
    as_of: datetime
    floor: Fraction
    """Coverage below which a group has no score."""
    pooled: tuple[Pooled, ...]
    left_out: tuple[LeftOut, ...]
    groups: tuple[Group, ...]
    """The whole first, then each group before those in it; the weakest of a level first."""
    frameworks: tuple[FrameworkTotal, ...]
    themes: dict[str, str]
    """Title of each theme."""
    level_names: tuple[str, ...]
    accent: str
    language: str

    def below(self, group: Group) -> list[Group]:
        """Return the groups directly in one."""
        depth = len(group.path)
        return [g for g in self.groups if len(g.path) == depth + 1 and g.path[:depth] == group.path]
