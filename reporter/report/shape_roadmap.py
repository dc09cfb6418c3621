"""The printable shape of the roadmap; a part of `shape.View`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PickLine:
    """One action at its place; points are percentage points of the evidenced enterprise score."""

    rank: str
    id: str
    title: str
    what: str
    kind: str
    """implement | evidence"""
    lane: str
    """act now | ranked | later: in the order that the ranked ones left behind"""
    owners: str
    cells: str
    effort: str
    """Person-days."""
    gain: str
    certain_gain: str
    gain_per_day: str
    gain_without_cap: str
    total_after: str
    level_after: str
    fix: str
    exact_gain: str
    """Added to `start` they give every total."""
    checks: tuple[str, ...]
    """Whose verdicts become pass."""
    before: str = ""
    """"joined: no-owner-3f2a, no-owner-77c1": the actions of the last run whose failures it has; empty where it is the same."""
    sensitive: str = ""
    """"weight-sensitive: place 4 with flat weights"; only said of the first few of a lane."""


@dataclass(frozen=True, slots=True)
class OwnerLine:
    """What one owner has to do."""

    owner: str
    actions: str
    urgent: str
    """How many of them stand in the act-now lane."""
    cells: str
    """Verdicts on what they own that these actions turn to pass."""
    first: str
    """The first few actions with the number of verdicts of each."""


@dataclass(frozen=True, slots=True)
class Roadmap:
    text: str = ""
    first_text: str = ""
    """What the first actions bring, on the first page too."""
    first: tuple[str, ...] = ()
    """Their ids."""
    urgent_text: str = ""
    urgent: tuple[PickLine, ...] = ()
    """Printed lines of the act-now lane."""
    ranked_text: str = ""
    ranked: tuple[PickLine, ...] = ()
    """Printed lines of the ranking."""
    owners_text: str = ""
    owners: tuple[OwnerLine, ...] = ()
    """Those with most to do."""
    picks: tuple[PickLine, ...] = ()
    """All, in full: the rows of roadmap.csv."""
    ceiling: int = 5
    """The highest level that the caps of the run allow."""
    start: str = ""
    """The evidenced score now, exactly."""
