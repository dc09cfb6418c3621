"""What a run could do next. In: findings, their root causes, efforts. Out: actions; every failing or unknown cell stands in one,
but for those that a waiver takes off the roadmap.

A root cause is one action; failures that no group of frameworks/causes.yml explains are one action a check, and so is
what is unknown of a check. Ids are causes and checks: no-owner-1, POL-03, OWN-01-evidence.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from reporter.compared import Cause, CauseGroup
from reporter.headlines import headline, remedies
from reporter.model import SEVERITIES, Check, Finding
from reporter.planned import EVIDENCE, IMPLEMENT, Action, Efforts
from reporter.scores import Status

URGENT_TIER = "3"
_SHOW = f"-{EVIDENCE}"


def actions(
    findings: Sequence[Finding],
    causes: Iterable[Cause],
    checks: Iterable[Check],
    groups: Iterable[CauseGroup],
    efforts: Efforts,
    own: Mapping[str, Fraction] = {},
) -> tuple[Action, ...]:
    """Return the actions of a run; `own` are the workspace's person-days by cause, check or check-evidence."""
    by_id = {c.id: c for c in checks}
    place = {(f.check, f.subject): n for n, f in enumerate(findings) if not f.waiver}
    group_of = {check: g for g in groups for check in g.checks}
    made: list[Action] = []
    numbers: Counter[str] = Counter()
    alone: dict[str, list[int]] = defaultdict(list)
    for cause in causes:
        group = group_of.get(cause.checks[0])
        cells = [place[cell] for cell in cause.cells if cell in place]
        if not cells:
            continue
        if not group:
            alone[cause.checks[0]] += cells
            continue
        numbers[group.id] += 1
        days = own.get(group.id) or efforts.causes.get(group.id) or efforts.severities[cause.severity]  # fmt: skip
        name = f"{group.id}-{numbers[group.id]}"
        # What is waived is not mended with the rest, so it has no say in what the action is called.
        title, _ = headline({findings[n].check for n in cells}, by_id, group)
        made.append(_mend(name, title, cause.what, days, cells, findings, by_id))
    for check, cells in alone.items():
        days = own.get(check) or efforts.severities[by_id[check].severity]
        title, _ = headline({check}, by_id, None)
        made.append(_mend(check, title, "", days, cells, findings, by_id))
    for check, cells in _unknown(findings).items():
        days = own.get(check + _SHOW) or efforts.evidence
        made.append(_show(by_id[check], days, cells, findings))
    return tuple(sorted(made, key=lambda a: a.id))


def _unknown(findings: Iterable[Finding]) -> dict[str, list[int]]:
    open_: dict[str, list[int]] = defaultdict(list)
    for n, f in enumerate(findings):
        if f.status == Status.UNKNOWN:
            open_[f.check].append(n)
    return open_


def effort_ids(checks: Iterable[Check], groups: Iterable[CauseGroup]) -> dict[str, str]:
    """Return what a workspace may give days for; the value names the cause that a check is mended with, if any."""
    group_of = {check: g.id for g in groups for check in g.checks}
    known = dict.fromkeys(group_of.values(), "")
    for c in checks:
        known |= {c.id: group_of.get(c.id, ""), c.id + _SHOW: ""}
    return known


def _mend(
    name: str, title: str, what: str, days: Fraction, cells: Iterable[int], findings: Sequence[Finding],
    by_id: Mapping[str, Check],
) -> Action:  # fmt: skip
    own = [findings[n] for n in cells]
    checks = sorted({f.check for f in own}, key=lambda c: (SEVERITIES.index(by_id[c].severity), c))
    urgent = any(_is_urgent(by_id[f.check], f) for f in own)
    fixes = (fix for c in checks for fix in remedies(by_id[c], (f for f in own if f.check == c)))
    what = what or (own[0].subject if len(own) == 1 else "")
    late = {f.listed for f in own if by_id[f.check].fix_listed}
    line = next((c for c in checks if by_id[c].fix_listed), "")
    return Action(
        name, title, what, IMPLEMENT, urgent, days, _owners(own), tuple(sorted(cells)), " ".join(dict.fromkeys(fixes)),
        ahead_of=line if False in late else "", behind=line if late == {True} else "",
    )  # fmt: skip


def _is_urgent(check: Check, failure: Finding) -> bool:
    return check.misuse or (check.severity == "critical" and failure.tier[-1:] >= URGENT_TIER)


def _show(check: Check, days: Fraction, cells: list[int], findings: Sequence[Finding]) -> Action:
    own = [findings[n] for n in cells]
    reasons = Counter(f.reason for f in own)
    reason = min(reasons, key=lambda r: (-reasons[r], r))
    more = f" ({reasons[reason]} of {len(own)})" if len(reasons) > 1 else ""
    fix = f"Supply what is missing: {reason}{more}"
    what = own[0].subject if len(own) == 1 else ""
    return Action(check.id + _SHOW, check.title, what, EVIDENCE, False, days, _owners(own), tuple(cells), fix)  # fmt: skip


def _owners(own: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(sorted({f.owner for f in own if f.owner}))
