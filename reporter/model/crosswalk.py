"""The plain data of crosswalks: rows of pairs, and whose they are; and what people's references
mean. Part of `model`, which is long.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pairs:
    """One row of a crosswalk: each of its origins stands in the relation to each of its targets."""

    origins: tuple[str, ...]
    targets: tuple[str, ...]
    relation: str
    """Of the origin to the target: equal | subset | superset | intersects."""
    confidence: str
    """high | medium | low: how sure we are that the pair is right, whoever published it."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Alias:
    """A reference that people write, and what it means in one list."""

    given: str
    literal: str
    """The id that it names as it is written; '' where the list has none."""
    intended: tuple[str, ...]
    """What it most plausibly means."""
    related: tuple[str, ...]
    confidence: str
    """From 0 to 1, as "0.8"."""
    is_literal: bool
    """The confidence is that of the literal reading, not of the intended one."""
    note: str


@dataclass(frozen=True, slots=True)
class Crosswalk:
    """What controls of one list have to do with controls of another, or with checks."""

    id: str
    title: str
    origin: str
    """Id of the list that the origins belong to."""
    target: str
    """Id of the list that the targets belong to, or 'checks'."""
    basis: str
    """published | own-judgement"""
    publisher: str
    """Who published it; '' for own judgement."""
    source: str
    """The document, or what was read."""
    rows: tuple[Pairs, ...]
    place: str = ""
    """Path of the file, for messages."""
