"""The shape of the chapter on parts of the organisation: a table for each dimension."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SliceLine:
    """One part of the organisation."""

    dimension: str
    value: str
    """"not recorded" for the actors of whom no input says it."""
    actors: int
    passed: int
    failed: int
    unknown: int
    level: str
    level_note: str
    """"at most 2; weight-sensitive: level 1 with flat weights"; or why there is no level."""
    score: str
    range: str
    exact_lo: str
    exact_hi: str
    coverage: str
    caps: str
    """What holds the level down, if anything does."""
    weakest: str
    """The themes with the lowest scores."""
    compensated: int = 0


@dataclass(frozen=True, slots=True)
class Dimension:
    name: str
    text: str
    """Where the other parts stand, or that no input says it; empty when all are shown."""
    rows: tuple[SliceLine, ...]


@dataclass(frozen=True, slots=True)
class Slices:
    text: str = ""
    dimensions: tuple[Dimension, ...] = ()
    """As many parts of each as a report shows."""
    rows: tuple[SliceLine, ...] = ()
    """All: the rows of slices.csv."""
