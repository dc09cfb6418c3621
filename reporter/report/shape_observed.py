"""The printable shape of observed against assigned and of actor types side by side; a part of `shape.View`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ObservedLine:
    agent: str
    granted: str
    unused: str
    outside: str
    new: str
    pressure: str
    unreviewed: str
    unseen: str


@dataclass(frozen=True, slots=True)
class ScopeLine:
    agent: str
    purpose: str
    basis: str
    runs: str
    outside: str
    new_reads: str


@dataclass(frozen=True, slots=True)
class DeviationLine:
    agent: str
    purpose: str
    run: str
    what: str
    effect: str
    at: str
    ref: str


@dataclass(frozen=True, slots=True)
class UnusedLine:
    agent: str
    right: str
    kind: str
    since: str
    ref: str


@dataclass(frozen=True, slots=True)
class TierLine:
    agent: str
    declared: str
    autonomy: str
    blast: str
    data: str
    tier: str
    factors: str


@dataclass(frozen=True, slots=True)
class CauseLine:
    title: str
    what: str
    severity: str
    checks: str
    failures: str
    owners: str
    ref: str


@dataclass(frozen=True, slots=True)
class Causes:
    text: str
    lines: tuple[CauseLine, ...]


@dataclass(frozen=True, slots=True)
class Observation:
    text: str
    agents: tuple[ObservedLine, ...]
    agents_text: str
    scopes: tuple[ScopeLine, ...]
    scopes_text: str
    deviations: tuple[DeviationLine, ...]
    deviations_text: str
    unused: tuple[UnusedLine, ...]
    unused_text: str
    tiers: tuple[TierLine, ...]
    tiers_text: str


@dataclass(frozen=True, slots=True)
class ParityHead:
    type: str
    kind: str
    """How it comes to act: by itself, by a script, or by deciding at run time."""
    n: str


@dataclass(frozen=True, slots=True)
class ParityCell:
    text: str
    note: str
    """Of how many no input says it; '' if of none."""
    how: str
    """What the practice is for this type."""


@dataclass(frozen=True, slots=True)
class ParityRow:
    practice: str
    cells: tuple[ParityCell, ...]
    where: tuple[tuple[str, str], ...]
    """(actor type, first record of those without it)"""


@dataclass(frozen=True, slots=True)
class ParityTable:
    text: str = ""
    note: str = ""
    heads: tuple[ParityHead, ...] = ()
    rows: tuple[ParityRow, ...] = ()
