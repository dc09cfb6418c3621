"""The plain data of agents' actions compared with their approvals, of actor types side by side, and
of root causes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Scope:
    """How the runs of one agent and purpose compare with the scope approved for it."""

    agent: str
    purpose: str
    """'' where the log names none."""
    clean_runs: int
    """Approved runs that the scope is based on; 0: on rights bound to the purpose."""
    runs: int
    outside: int
    """Runs that changed something outside the scope."""
    new_reads: int
    """Runs that only read something new."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """One use outside the scope approved for its purpose."""

    agent: str
    purpose: str
    session: str
    kind: str
    """tool | destination"""
    name: str
    tool: str
    changes: bool
    basis: str
    """What says that it changes or reads: inventory | log | name."""
    at: datetime | None
    ref: str


@dataclass(frozen=True, slots=True)
class EntitlementUsage:
    """What one active agent may do, and what it did in the period."""

    agent: str
    granted: int
    unused: int
    outside: int
    """Tools it used with success that no right covers."""
    new: int
    """First uses of a tool, data source or destination."""
    unapproved: int
    """Those without a prior approval."""
    unreviewed: int
    """Those that no completed review has seen."""
    longest_unreviewed_days: int | None
    events: int
    denied: int
    unseen: int
    """Events that no completed review has seen."""


@dataclass(frozen=True, slots=True)
class UnusedGrant:
    """A right that no event in the logs used."""

    agent: str
    type: str
    name: str
    purpose: str
    effect: str
    privileged: bool
    approved_at: datetime | None
    ref: str


@dataclass(frozen=True, slots=True)
class RatedAgent:
    """The risk tier of one agent, and what gives it; each pair is the least and the most that the
    evidence allows.
    """

    agent: str
    declared: str
    autonomy_lo: int
    autonomy_hi: int
    blast_lo: int
    blast_hi: int
    data_lo: int
    data_hi: int
    tier_lo: int
    tier_hi: int
    factors_lo: int
    """Sum of the ten agentic factors of AIVSS in halves: 0 to 20."""
    factors_hi: int
    unit: str = ""
    """Its business unit; '' where no input names one."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of an agent's action path: for whom it acts, or what it used with success in the
    period.
    """

    agent: str
    kind: str
    """principal | tool | data | destination"""
    name: str
    """'' for a principal whom the log does not name."""
    uses: int
    """In all logs supplied."""
    changes: bool | None
    """Some use was more than reading; None: no effect is known, or a principal."""
    standing: str
    """Of what is used: before | later | never approved, not recorded, unregistered. Of a principal:
    holds | left | broken.
    """
    note: str
    """human | schedule | agent | service_account | workload: who a principal is, as far as
    known.
    """
    first_at: datetime | None
    ref: str


@dataclass(frozen=True, slots=True)
class Leveled:
    """The level that the results of one agent alone give it; each pair is the least and the most
    that the evidence allows.
    """

    agent: str
    tier_lo: int
    tier_hi: int
    level_lo: int
    level_hi: int
    score_lo: Fraction
    score_hi: Fraction
    narrow: bool
    """Fewer than half of the practices of level 1 apply, so it has no level."""
    assessed: bool = True
    """At least one result for it is known; else the level is not a finding."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Observed against assigned."""

    scopes: tuple[Scope, ...] = ()
    deviations: tuple[Deviation, ...] = ()
    agents: tuple[EntitlementUsage, ...] = ()
    unused: tuple[UnusedGrant, ...] = ()
    tiers: tuple[RatedAgent, ...] = ()
    paths: tuple[Step, ...] = ()
    """By agent, kind and name."""
    levels: tuple[Leveled, ...] = ()
    """An agent of `tiers` each, in its order."""


@dataclass(frozen=True, slots=True)
class Parity:
    """How many active actors of one type have one governance practice; the others lack it, or no
    input says.
    """

    practice: str
    actor_type: str
    n: int
    holds: int
    lacks: int
    unrecorded: int
    ref: str
    """First record of those who lack it, else of those for whom no input says; '' if there is
    none.
    """


@dataclass(frozen=True, slots=True)
class Without:
    """One active actor without a practice, or for whom no input says."""

    practice: str
    actor_type: str
    actor: str
    status: str
    """lacks | not recorded"""
    ref: str


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Actor types side by side, by the rules of check GOV-01."""

    cells: tuple[Parity, ...] = ()
    without: tuple[Without, ...] = ()
    review_days: int = 0
    rotation_days: int = 0
    min_pop: int = 0


ResultKey = tuple[str, str]
"""(check id, subject)"""


SHARED = "shared"
"""Identity of causes that are recognised by what several actors share."""
IDENTITIES = ("actor", SHARED)
"""How a cause can be recognised in a later run."""


@dataclass(frozen=True, slots=True)
class CauseGroup:
    """Checks that one defect fails together."""

    id: str
    title: str
    checks: tuple[str, ...]
    says: tuple[str, ...] = ()
    """Checks of which one must fail before the title is used; () for any of them."""
    identity: str = IDENTITIES[0]
    """How it is recognised in every run: actor, or shared: the subject that several actors share,
    if there is one.
    """


@dataclass(frozen=True, slots=True)
class Cause:
    """One defect and the failures that it explains."""

    id: str
    """The same in every run as long as the defect is the same."""
    title: str
    says: tuple[str, ...]
    """Its failing checks that the title speaks of."""
    what: str
    """What has the defect: a credential or identity that several share, else the agent or other
    subject.
    """
    severity: str
    """Of its worst check."""
    checks: tuple[str, ...]
    counts: tuple[int, ...]
    """Its failing results, check by check."""
    actors: tuple[str, ...]
    owners: tuple[str, ...]
    ref: str
    """First record of its worst failure."""
    first_seen: datetime | None = None
    """as_of of the first of the runs, without a gap, in which one of its failures failed; None
    where no earlier run was given.
    """
    is_since_known: bool = False
    """Whether it began then: the run before could have shown it, and did not."""

    @property
    def failures(self) -> int:
        """Return how many results it explains."""
        return sum(self.counts)
