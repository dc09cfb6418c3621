"""The plain data of earlier runs: what each scored, and what became of each result since the last
of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

from reporter.model.scores import HELD, Status

GONE, OUTSIDE = "gone", "out of scope"
"""What stands for a result where there is none: no check of that run speaks of the subject, or
only others do.
"""


JOINED, SPLIT, RENAMED = "joined", "split", "renamed"
"""How a cause came out of others."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What one run scored for the whole, a framework or a theme."""

    kind: str
    """enterprise | framework | theme"""
    id: str
    lo: Fraction
    hi: Fraction
    level_lo: int | None
    """Of the whole, and beside a framework; None where there is none."""
    level_hi: int | None
    assessed: bool


@dataclass(frozen=True, slots=True)
class EarlierRun:
    """One earlier run."""

    as_of: datetime
    period_from: datetime
    period_to: datetime
    evidence_id: str
    report_sha256: str
    standings: tuple[Standing, ...]
    unlike: tuple[str, ...]
    """What it depends on that differs from the run after it; empty if they are like with like."""
    profiles: tuple[str, ...] = ()
    """Titles of its target profile and of the next run's, where they differ."""
    thresholds: tuple[tuple[str, str, str, str], ...] = ()
    """(check, threshold, then, in the next run), where they differ."""
    rules: tuple[str, ...] = ()
    """Checks of both runs that say otherwise in the next."""
    coverage: Fraction | None = None
    """Of the whole."""


@dataclass(frozen=True, slots=True)
class Failing:
    """How many results fail in every run since one."""

    since: datetime
    """as_of of that run."""
    n: int
    waived: int


@dataclass(frozen=True, slots=True)
class ActorSeen:
    """An actor on whom there is a result in one of the two runs only."""

    id: str
    is_agent: bool
    is_new: bool
    """Else it is gone."""


@dataclass(frozen=True, slots=True)
class Regrouped:
    """A cause whose failures belonged to other causes in the run before."""

    id: str
    how: str
    """joined: of several; split: of one that went into several; renamed: of one, by another agent
    or identity.
    """
    before: tuple[str, ...]
    """Ids of those causes."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A finding that has a response and is none any more, and what became of its failures."""

    finding: str
    last_seen: datetime
    """as_of of the last run that had it."""
    now: tuple[tuple[str, int], ...]
    """(result, how many); `gone` where there is none."""
    now_in: str = ""
    """Finding that most of those failures belong to that still fail; '' where none does."""


@dataclass(frozen=True, slots=True)
class Lifetime:
    """A finding over all runs that are known. In a `History`: one that ended, and may be back."""

    finding: str
    title: str
    what: str
    severity: str
    first_seen: datetime
    """as_of of the first run that ever had it."""
    last_seen: datetime
    """as_of of the last run that has it."""
    closed: datetime | None = None
    """as_of of the first run without it."""
    became: tuple[tuple[str, int], ...] = ()
    """(result, how many) in that run of what failed in the run before; `gone` where there is
    none.
    """
    reopened: datetime | None = None
    """as_of of the first run that has it again."""
    since: datetime | None = None
    """as_of of the first of the runs, without a gap, that have it; None for `first_seen`."""
    is_since_known: bool = False
    """Whether it began then: the run before could have shown it, and did not."""
    returns: int = 0
    """How often it was back."""

    @property
    def is_open(self) -> bool:
        """Tell whether the last run has it."""
        return self.closed is None or self.reopened is not None

    @property
    def began(self) -> datetime:
        """Return since when the last runs that have it have it without a gap."""
        return self.since or self.reopened or self.first_seen

    @property
    def is_fixed(self) -> bool:
        """Tell whether all that failed was met, or accepted, once it ended: what cannot be judged
        any more is not fixed.
        """
        good = {*HELD, Status.COMPENSATED, Status.ATTESTED}
        return bool(self.became) and {status for status, _ in self.became} <= good


@dataclass(frozen=True, slots=True)
class FindingCounts:
    """The findings of one run, and what became of those of the run before: open now = open then +
    new + reopened + regrouped − fixed − out_of_sight.
    """

    as_of: datetime
    open: int
    new: int | None = None
    """None, as the next four, where no run before is known."""
    reopened: int | None = None
    fixed: int | None = None
    out_of_sight: int | None = None
    """Ended, and not all that failed is met: nothing shows that they were fixed."""
    regrouped: int | None = None
    """More or fewer because failures belong to other findings than before."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one cause adds to a score."""

    group: str
    """world | evidence | population | rules | statements"""
    cause: str
    """In its group, as "fixed"; docs/method.md has them all."""
    lo: Fraction
    hi: Fraction
    n: int
    """Results, checks, controls or answers that it concerns."""


@dataclass(frozen=True, slots=True)
class Movement:
    """A score then and now, and what moved it: the parts add up to the difference."""

    kind: str
    """enterprise | framework"""
    id: str
    lo_before: Fraction
    hi_before: Fraction
    lo: Fraction
    hi: Fraction
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class History:
    """This run beside the runs before it; results are compared with the last of these, for checks
    that both have.
    """

    runs: tuple[EarlierRun, ...] = ()
    """By as_of; empty where nothing is compared."""
    flows: tuple[tuple[str, str, str, int], ...] = ()
    """(check, result before, result now, how many)"""
    still: tuple[Failing, ...] = ()
    """What failed in the last run before and fails now, by how long it has."""
    still_by_owner: tuple[tuple[str, datetime, int], ...] = ()
    """The same by owner: (owner, since, how many)."""
    changes: int = 0
    """Results that differ, or fail in both: the rows of changes.parquet."""
    actors: tuple[ActorSeen, ...] = ()
    known_actors: tuple[tuple[bool, int, int], ...] = ()
    """(are agents, how many before, how many now)"""
    checks_before: tuple[str, ...] = ()
    """Checks that only the last run before has."""
    checks_now: tuple[str, ...] = ()
    results_before: int = 0
    """Of all checks, as `results_now`."""
    results_now: int = 0
    regrouped: tuple[Regrouped, ...] = ()
    answered: tuple[Answered, ...] = ()
    closed: tuple[Lifetime, ...] = ()
    """Findings of earlier runs that ended, those that are back among them."""
    movements: tuple[Movement, ...] = ()
    """Why each score differs from that of the last run."""
    course: tuple[FindingCounts, ...] = ()
    """Findings run by run, this run last; empty where nothing is compared."""

    def is_restated(self, as_of: datetime) -> bool:
        """Tell whether the last run is of the same moment: only its rules are of before."""
        moment = as_of.astimezone(UTC).replace(tzinfo=None) if as_of.tzinfo else as_of
        return bool(self.runs) and self.runs[-1].as_of == moment
