"""The plain data of a roadmap: possible actions, their effort, and the exact score that each
adds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from reporter.model.scores import Status

IMPLEMENT, EVIDENCE, PROVE = "implement", "evidence", "prove"
SHOW = f"-{EVIDENCE}"
"""Suffix of the id of an action that supplies evidence, after the id of its check."""


@dataclass(frozen=True, slots=True)
class Efforts:
    """How many person-days an action takes unless the workspace says otherwise."""

    evidence: Fraction = Fraction(1)
    severities: dict[str, Fraction] = field(default_factory=dict)
    causes: dict[str, Fraction] = field(default_factory=dict)
    """By the id of a cause group."""


@dataclass(frozen=True, slots=True, order=True)
class Effect:
    """A number of results of one kind that become pass."""

    check: str
    status: Status
    tier_lo: int
    tier_hi: int
    n: int


@dataclass(frozen=True, slots=True)
class Missing:
    """The most frequent reason for the unknown results of a check."""

    check: str
    code: str
    """The most frequent reason code."""
    values: str
    """Those of one of them, as a JSON object."""
    n: int
    """How many have that code."""
    codes: int
    """How many codes there are."""
    alike: bool
    """All of them have these values."""


@dataclass(frozen=True, slots=True)
class Action:
    """What one person or team can do at once, and the results that it turns to pass."""

    id: str
    title: str
    what: str
    """What has the defect; '' where it is several things."""
    kind: str
    """implement | evidence"""
    urgent: bool
    """A critical check fails on a subject that may be tier 3 or 4, or a log shows misuse: it comes
    before the ranking.
    """
    effort: Fraction
    owners: tuple[str, ...]
    effects: tuple[Effect, ...]
    """The results that become pass, counted; none belongs to two actions."""
    things: int
    """How many agents, accounts or other subjects it is about."""
    missing: Missing | None = None
    """What evidence asks for; None where something fails."""
    fixes: tuple[tuple[str, bool], ...] = ()
    """(check, whether the subject stands in a list): whose fixes it asks for."""
    ahead_of: str = ""
    """A line of actions that wait until this one is picked; '' for none."""
    behind: str = ""
    """The line that it waits in: on who stands in a list by now, after all on who still stands in
    none.
    """
    group: str = ""
    """The group of causes that it belongs to, or the check; '' where it supplies evidence."""

    @property
    def results(self) -> int:
        """Return how many results it turns to pass."""
        return sum(m.n for m in self.effects)

    @property
    def checks(self) -> tuple[str, ...]:
        """Return the checks of these results, by name."""
        return tuple(sorted({m.check for m in self.effects}))


@dataclass(frozen=True, slots=True)
class Pick:
    """An action at its position, scored with all before it done."""

    action: Action
    gain: Fraction
    """What the evidenced enterprise score gains; only possible where the action supplies
    evidence.
    """
    uncapped: Fraction
    """The same if no critical failure held a practice down."""
    total: Fraction
    """The evidenced enterprise score after it."""
    level: int
    """The level on evidence after it."""


@dataclass(frozen=True, slots=True)
class Way:
    """What reaches a level from where the run is: a short list, not proven to be the shortest."""

    level: int
    fixes: tuple[str, ...]
    """Actions that fix what fails, by id, in the order of the roadmap."""
    evidence: tuple[str, ...]
    """Checks whose unknown results have to be shown, and good."""
    proofs: tuple[str, ...]
    """Checks whose results rest on words; a system, log or test has to show them."""
    days: Fraction
    total: Fraction
    """The evidenced score with all of it done."""
    reached: int
    """The level with all of it done; below `level` where waivers or a cap of the run hold it."""


@dataclass(frozen=True, slots=True)
class Option:
    """One way to decide, scored alone, all else unchanged."""

    kind: str
    """all | high: only for those who may be tier 3 or 4 | needed: only what the next level needs"""
    actions: tuple[str, ...]
    things: int
    """How many agents, accounts or other subjects it is about."""
    days: Fraction
    total: Fraction
    """The evidenced score after it."""
    level: int
    """The level on evidence after it."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What fails for one kind of cause, and the ways to decide on it."""

    id: str
    """Of the group of causes, or of the check that belongs to none."""
    question: str
    """Of the group of causes; '' for a check that belongs to none."""
    kind: str
    """implement | evidence | prove"""
    checks: tuple[str, ...]
    severity: str
    """Of its worst check."""
    urgent: bool
    """One of its actions is in the act-now lane."""
    for_level: int
    """The lowest level that asks for one of its actions; 0 for none."""
    results: int
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Roadmap:
    start: Fraction = Fraction(0)
    level: int = 0
    picks: tuple[Pick, ...] = ()
    ceiling: int = 5
    """The highest level that the caps allow."""
    first: tuple[str, ...] = ()
    """The first few actions that fix something, by id; nothing else is done in the next two."""
    first_total: Fraction = Fraction(0)
    first_level: int = 0
    ranked: int = 0
    """Number of picks that were compared anew after each one before; the others keep the order they
    had then.
    """
    ways: tuple[Way, ...] = ()
    """To each level above that of the run, as far as levels can be judged."""
    decisions: tuple[Decision, ...] = ()
    """The first few things to decide, in order."""
