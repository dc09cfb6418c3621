"""The shape of the chapter on waivers and compensating controls; a part of `shape.View`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WaivedLine:
    """One waiver or compensating control, and what it does."""

    check: str
    anchor: str
    subject: str
    by_check: str
    """What stands in; '' of a waiver."""
    by_anchor: str
    who: str
    since: str
    until: str
    review: str
    """'' of a compensating control."""
    reason: str
    ticket: str
    counts_as: str
    """waived | compensated | not counted"""
    cells: str
    why: str
    record: str
    exception: bool = False
    """A row of the table exceptions; in statements.csv its kind is exceptions."""
    until_iso: str = ""


@dataclass(frozen=True, slots=True)
class HonouredLine:
    """A total as reported, and if what is waived had passed."""

    name: str
    level: str
    score: str
    honoured_level: str
    honoured_score: str
    exact_lo: str
    exact_hi: str


@dataclass(frozen=True, slots=True)
class Waivers:
    text: str = ""
    """Empty where nothing was stated."""
    honoured_text: str = ""
    """Empty where nothing is waived."""
    honoured: tuple[HonouredLine, ...] = ()
    waivers: tuple[WaivedLine, ...] = ()
    compensations: tuple[WaivedLine, ...] = ()
    shown: int = 0
    """So many rows of each are printed; all stand in statements.csv."""
