"""The shape of the board edition: what to decide, and what nobody can see yet; a part of `shape.View`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Decision:
    """One thing to decide, in plain words."""

    rank: str
    id: str
    """Of the action in the roadmap."""
    title: str
    fix: str
    why: str
    owners: str
    effort: str
    """"3 person-days"."""
    brings: str
    """"0.42 points of the score", or what holds the gain back."""
    urgent: bool


@dataclass(frozen=True, slots=True)
class Board:
    meaning: str = ""
    """What may be said of the organisation at its level."""
    next_text: str = ""
    """What the next level claims and which themes stand before it."""
    changed: str = ""
    """That nothing was compared; empty where the chapter on earlier runs says what changed."""
    decisions_text: str = ""
    decisions: tuple[Decision, ...] = ()
    blind: tuple[str, ...] = ()
    """What could not be judged, a sentence each."""
