"""What a run could do next. In: failures by cause, unknowns. Out: actions, each verdict in one.

A root cause is one action; failures that no group of frameworks/causes.yml explains are one action
a check, and so is what is unknown of it. What a waiver takes off the roadmap stands in none. Ids
last, for they are those of causes and checks: no-owner-3f9c..., POL-03, OWN-01-evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from reporter.evaluate.headlines import headline
from reporter.evaluate.root_causes import Explained
from reporter.model.assessment import SEVERITIES, Check, Finding
from reporter.model.comparison import CauseGroup
from reporter.model.roadmap import EVIDENCE, IMPLEMENT, Action, Efforts, Missing, Move
from reporter.model.scores import Status, Tally

URGENT_TIER = 3
SHOW = f"-{EVIDENCE}"
"""What the id of an action that supplies evidence ends in, behind that of its check."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """The unknown verdicts of a check."""

    check: str
    kinds: tuple[Tally, ...]
    missing: Missing
    """The most frequent reason; of several the first by name."""
    subject: str
    """One of their subjects."""
    things: int
    """Agents, accounts or other subjects that they are about."""
    owners: tuple[str, ...]


def mending(
    found: Sequence[Explained],
    by_id: Mapping[str, Check],
    group: CauseGroup | None,
    efforts: Efforts,
    own: Mapping[str, Fraction] = {},
) -> list[Action]:
    """Return what mends the failures of a group, a cause each; those of a check that is in none are
    mended together.

    `own` are the workspace's person-days by cause, check or check-evidence.
    """
    made = []
    # What is waived is not mended with the rest, so it has no say in what the action is called.
    left = [(e.cause, [f for f in e.own if not f.waiver]) for e in found]
    if group:
        for cause, mended in left:
            if mended:
                days = (
                    own.get(group.id)
                    or efforts.causes.get(group.id)
                    or efforts.severities[cause.severity]
                )
                made.append(_mend(cause.id, cause.what, days, mended, by_id, group))
    elif together := [f for _, mended in left for f in mended]:
        check = together[0].check
        days = own.get(check) or efforts.severities[by_id[check].severity]
        made.append(_mend(check, "", days, together, by_id, None))
    return made


def showing(
    unknown: Unknown, check: Check, efforts: Efforts, own: Mapping[str, Fraction] = {}
) -> Action:
    """Return what supplies the evidence that is missing for a check."""
    n = sum(t.n for t in unknown.kinds)
    return Action(
        check.id + SHOW,
        check.title,
        unknown.subject if n == 1 else "",
        EVIDENCE,
        False,
        own.get(check.id + SHOW) or efforts.evidence,
        unknown.owners,
        tuple(Move(t.check, t.status, t.tier_lo, t.tier_hi, t.n) for t in unknown.kinds),
        unknown.things,
        missing=unknown.missing,
    )


def effort_ids(checks: Iterable[Check], groups: Iterable[CauseGroup]) -> dict[str, str]:
    """Return what a workspace may give days for; the value names the cause that a check is mended
    with, if any.
    """
    group_of = {check: g.id for g in groups for check in g.checks}
    known = dict.fromkeys(group_of.values(), "")
    for c in checks:
        known |= {c.id: group_of.get(c.id, ""), c.id + SHOW: ""}
    return known


def _mend(
    name: str,
    what: str,
    days: Fraction,
    own: Sequence[Finding],
    by_id: Mapping[str, Check],
    group: CauseGroup | None,
) -> Action:
    listed: dict[str, set[bool]] = {}
    for f in own:
        listed.setdefault(f.check, set()).add(f.listed)
    checks = sorted(listed, key=lambda c: (SEVERITIES.index(by_id[c].severity), c))
    lined = [c for c in checks if by_id[c].fix_listed]
    late = {known for c in lined for known in listed[c]}
    title, _ = headline(checks, by_id, group)
    kinds = Counter((f.check, f.status, f.tier_lo, f.tier_hi) for f in own)
    return Action(
        id=name,
        title=title,
        what=what or (own[0].subject if len(own) == 1 else ""),
        kind=IMPLEMENT,
        urgent=any(_is_urgent(by_id[check], hi) for check, _, _, hi in kinds),
        effort=days,
        owners=tuple(sorted({f.owner for f in own if f.owner})),
        moves=tuple(Move(*kind, kinds[kind]) for kind in sorted(kinds)),
        things=len({f.actor or f.subject for f in own}),
        mends=tuple(
            (c, known) for c in checks for known in (sorted(listed[c]) if c in lined else (False,))
        ),
        ahead_of=lined[0] if False in late else "",
        behind=lined[0] if late == {True} else "",
    )


def _is_urgent(check: Check, tier_hi: int) -> bool:
    return check.misuse or (check.severity == "critical" and tier_hi >= URGENT_TIER)


def tallied(found: Iterable[Tally]) -> dict[str, tuple[Tally, ...]]:
    """Group what is unknown by check."""
    kinds: dict[str, list[Tally]] = {}
    for t in found:
        if t.status == Status.UNKNOWN:
            kinds.setdefault(t.check, []).append(t)
    return {check: tuple(own) for check, own in kinds.items()}
