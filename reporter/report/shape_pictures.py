"""The shape of drawings whose numbers stand nowhere else: what each theme costs, and on which days logs delivered."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Loss:
    """A theme and what the enterprise score loses by it; places are thousandths of the score, from the right."""

    title: str
    anchor: str
    text: str
    """"3.20 points, 1.10 of them evidence"."""
    at_from: int
    at_evidence: int
    """Left of it the loss is only possible: hi would not lose it."""
    at_to: int


@dataclass(frozen=True, slots=True)
class Losses:
    text: str = ""
    rows: tuple[Loss, ...] = ()
    """The largest first; they lead from 100 % down to the evidenced score."""
    score: str = ""


@dataclass(frozen=True, slots=True)
class LogDays:
    """One log source over the days of the period."""

    log_source: str
    days: str
    """A letter a day: a = all expected units, p = part of them, n = none."""
    text: str
    """"80 days in full, 4 in part, 8 without"."""


@dataclass(frozen=True, slots=True)
class LogCalendar:
    text: str = ""
    months: tuple[tuple[int, str], ...] = ()
    """(day of the period counted from 0, what is printed above it)"""
    rows: tuple[LogDays, ...] = ()


@dataclass(frozen=True, slots=True)
class PathStep:
    """For whom an agent acts, or what it used."""

    kind: str
    """principal | tool | data | destination"""
    name: str
    uses: str
    changes: str
    """changes | reads; empty: no effect is known."""
    standing: str
    """before | later | never | not recorded | unregistered | holds | left | broken"""
    words: str
    """The same in words: "approved before its first use"."""
    record: str


@dataclass(frozen=True, slots=True)
class AgentCard:
    """One active agent, or one that no register knows: its level and its action path."""

    agent: str
    tier: str
    level: str
    """"1, at most 2"; empty where there is none."""
    score: str
    """"84.2 % [84.2-90.0 %]"."""
    text: str
    """"acts for 1 principal; used 3 tools and 2 data sources, 1 of them never approved"."""
    steps: tuple[PathStep, ...]
    """The first few of each kind, what is not approved first."""
    more: str
    """Where the others stand; empty when all are shown."""


@dataclass(frozen=True, slots=True)
class TierRow:
    tier: str
    """"4", or "2 to 3" where the evidence leaves it open."""
    cells: tuple[int, ...]
    """Agents at level 0 to 5, then those to whom too few themes apply."""
    total: int


@dataclass(frozen=True, slots=True)
class Agents:
    """Agents by tier and level, and one card each."""

    text: str = ""
    rows: tuple[TierRow, ...] = ()
    """The highest tier first."""
    cards: tuple[AgentCard, ...] = ()
    """By name."""
    worst: tuple[str, ...] = ()
    """Those whose path is shown on paper: most that nobody approved."""
