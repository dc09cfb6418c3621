"""Actions that an organisation can take. In: failures by cause, unknowns. Out: actions, each result
in one.

A root cause is one action; failures in no group of frameworks/causes.yml, and unknown results, are
one action per check. Waived results belong to none. Ids are stable: GOV-04, OWN-01-evidence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from reporter.evaluate.root_causes import CauseFailures, headline
from reporter.model.assessment import SEVERITIES, Check, Finding
from reporter.model.comparison import CauseGroup
from reporter.model.roadmap import EVIDENCE, IMPLEMENT, SHOW, Action, Effect, Efforts, Missing
from reporter.model.scores import Status, Tally

URGENT_TIER = 3


@dataclass(frozen=True, slots=True)
class Unknown:
    """The unknown results of a check."""

    check: str
    kinds: tuple[Tally, ...]
    missing: Missing
    """The most frequent reason; of several the first by name."""
    subject: str
    """One of their subjects."""
    things: int
    """Number of agents, accounts or other subjects concerned."""
    owners: tuple[str, ...]


def fix_actions(
    explanations: Sequence[CauseFailures],
    by_id: Mapping[str, Check],
    group: CauseGroup | None,
    efforts: Efforts,
    workspace_efforts: Mapping[str, Fraction] = {},
) -> list[Action]:
    """Return the actions that fix the failures of a group, one per cause. Failures of a check in no
    group are fixed together.

    `workspace_efforts` are the workspace's person-days by cause, check or check-evidence.
    """
    actions = []
    works = cache(lambda lacks: _work(lacks, by_id, group))  # hundreds of agents lack the same
    # Waived failures are not fixed with the others, so they do not influence the title.
    open_failures = [(e.cause, [f for f in e.failures if not f.waiver]) for e in explanations]
    if group:
        for cause, findings in open_failures:
            if findings:
                days = (
                    workspace_efforts.get(group.id)
                    or efforts.causes.get(group.id)
                    or efforts.severities[cause.severity]
                )
                named = cause.id, cause.what
                actions.append(_fix_action(*named, group.id, days, findings, works))
    elif all_findings := [f for _, findings in open_failures for f in findings]:
        check = all_findings[0].check
        days = workspace_efforts.get(check) or efforts.severities[by_id[check].severity]
        actions.append(_fix_action(check, "", check, days, all_findings, works))
    return actions


def evidence_action(
    unknown: Unknown, check: Check, efforts: Efforts, workspace_efforts: Mapping[str, Fraction] = {}
) -> Action:
    """Return the action that supplies the missing evidence for a check."""
    count = sum(t.n for t in unknown.kinds)
    return Action(
        check.id + SHOW,
        check.title,
        unknown.subject if count == 1 else "",
        EVIDENCE,
        False,
        workspace_efforts.get(check.id + SHOW) or efforts.evidence,
        unknown.owners,
        tuple(Effect(t.check, t.status, t.tier_lo, t.tier_hi, t.n) for t in unknown.kinds),
        unknown.things,
        missing=unknown.missing,
    )


def effort_ids(checks: Iterable[Check], groups: Iterable[CauseGroup]) -> dict[str, str]:
    """Return the ids for which a workspace may give days. The value names the cause that covers the
    check, if any.
    """
    group_of = {check: g.id for g in groups for check in g.checks}
    cause_ids = dict.fromkeys(group_of.values(), "")
    for c in checks:
        cause_ids |= {c.id: group_of.get(c.id, ""), c.id + SHOW: ""}
    return cause_ids


_Lack = tuple[str, Status, int, int, bool]
"""Check, status and tiers of a result, and whether its subject stands in a list."""


@dataclass(frozen=True, slots=True)
class _Work:
    """What actions have in common whose failures are alike."""

    title: str
    urgent: bool
    effects: tuple[Effect, ...]
    fixes: tuple[tuple[str, bool], ...]
    ahead_of: str
    behind: str


def _work(lacks: tuple[_Lack, ...], by_id: Mapping[str, Check], group: CauseGroup | None) -> _Work:
    listings: dict[str, set[bool]] = {}
    for check, *_, listed in lacks:
        listings.setdefault(check, set()).add(listed)
    checks = sorted(listings, key=lambda c: (SEVERITIES.index(by_id[c].severity), c))
    list_checks = [c for c in checks if by_id[c].fix_listed]
    list_states = {is_listed for c in list_checks for is_listed in listings[c]}
    title, _ = headline(checks, by_id, group)
    kinds = Counter(lack[:4] for lack in lacks)
    return _Work(
        title=title,
        urgent=any(_is_urgent(by_id[check], hi) for check, _, _, hi in kinds),
        effects=tuple(Effect(*kind, n) for kind, n in sorted(kinds.items())),
        fixes=tuple(
            (c, is_listed)
            for c in checks
            for is_listed in (sorted(listings[c]) if c in list_checks else (False,))
        ),
        ahead_of=list_checks[0] if False in list_states else "",
        behind=list_checks[0] if list_states == {True} else "",
    )


def _fix_action(
    name: str,
    what: str,
    group: str,
    days: Fraction,
    findings: Sequence[Finding],
    works: Callable[[tuple[_Lack, ...]], _Work],
) -> Action:
    work = works(tuple((f.check, f.status, f.tier_lo, f.tier_hi, f.listed) for f in findings))
    return Action(
        id=name,
        title=work.title,
        what=what or (findings[0].subject if len(findings) == 1 else ""),
        kind=IMPLEMENT,
        urgent=work.urgent,
        effort=days,
        owners=tuple(sorted({f.owner for f in findings if f.owner})),
        effects=work.effects,
        things=len({f.actor or f.subject for f in findings}),
        fixes=work.fixes,
        ahead_of=work.ahead_of,
        behind=work.behind,
        group=group,
    )


def _is_urgent(check: Check, tier_hi: int) -> bool:
    return check.misuse or (check.severity == "critical" and tier_hi >= URGENT_TIER)


def tallied(tallies: Iterable[Tally]) -> dict[str, tuple[Tally, ...]]:
    """Group unknown tallies by check."""
    kinds: dict[str, list[Tally]] = {}
    for t in tallies:
        if t.status == Status.UNKNOWN:
            kinds.setdefault(t.check, []).append(t)
    return {check: tuple(group) for check, group in kinds.items()}
