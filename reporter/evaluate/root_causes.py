"""Failures by root cause. In: failing results, groups, who shares what. Out: causes.

Failures have one cause if their checks belong to one group of frameworks/causes.yml and they
concern the same agent, credential or identity. The checks that fail determine the title of a cause.
No score is made here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from reporter.i18n.translate import NOT_MET
from reporter.model import ids
from reporter.model.assessment import SEVERITIES, Check, Finding
from reporter.model.comparison import SHARED, Cause, CauseGroup, ResultKey


@dataclass(frozen=True, slots=True)
class CauseFailures:
    """A cause and the failures that it explains, the worst first."""

    cause: Cause
    failures: tuple[Finding, ...]


def root_causes(
    failures: Sequence[Finding],
    by_id: Mapping[str, Check],
    group: CauseGroup | None,
    actors: Mapping[ResultKey, tuple[str, ...]],
) -> list[CauseFailures]:
    """Return the causes of the failures of a group, or of one check in no group; each failure
    belongs to exactly one.

    `actors` are all the actors of a result's subject, where it belongs to more than one.
    """
    places, homes = _Places(), dict[str, str]()
    for finding in failures:
        for actor in actors.get(
            (finding.check, finding.subject), (finding.actor or finding.subject,)
        ):
            home = homes.setdefault(finding.subject, actor)
            if home != actor:
                places.join(home, actor)
    by_root: dict[str, list[Finding]] = defaultdict(list)
    for finding in failures:
        by_root[places.root(homes[finding.subject])].append(finding)
    kinds = cache(lambda checks: _kind(checks, by_id, group))
    explanations = [
        _explain(findings, by_id, group, actors, kinds) for findings in by_root.values()
    ]
    explanations.sort(key=lambda e: worst_first(e.cause))
    uses: Counter[str] = Counter()
    for position, explanation in enumerate(
        explanations
    ):  # an agent and a credential may be called alike
        name = explanation.cause.id
        uses[name] += 1
        if uses[name] > 1:
            explanations[position] = replace(
                explanation, cause=replace(explanation.cause, id=f"{name}-{uses[name]}")
            )
    return explanations


def worst_first(cause: Cause) -> tuple[int, int, str, str]:
    """Sort key of causes."""
    return SEVERITIES.index(cause.severity), -cause.failures, cause.title, cause.what


class _Places:
    """Actors that are one place: the smallest name represents all joined names."""

    def __init__(self) -> None:
        self._over: dict[str, str] = {}

    def root(self, name: str) -> str:
        while (above := self._over.get(name, name)) != name:
            self._over[name] = self._over.get(above, above)
            name = above
        return name

    def join(self, one: str, other: str) -> None:
        low, high = sorted((self.root(one), self.root(other)))
        self._over[high] = low


@dataclass(frozen=True, slots=True)
class _Kind:
    """What causes have in common whose failures are of the same checks."""

    title: str
    says: tuple[str, ...]
    severity: str
    checks: tuple[str, ...]
    counts: tuple[int, ...]


def _kind(failing: tuple[str, ...], by_id: Mapping[str, Check], group: CauseGroup | None) -> _Kind:
    """Return the kind of a cause; `failing` is the check of each failure, the worst first."""
    counts = Counter(failing)
    checks = tuple(sorted(counts))
    title, says = headline(checks, by_id, group)
    return _Kind(title, says, by_id[failing[0]].severity, checks, tuple(counts[c] for c in checks))


def _explain(
    findings: list[Finding],
    by_id: Mapping[str, Check],
    group: CauseGroup | None,
    actors: Mapping[ResultKey, tuple[str, ...]],
    kinds: Callable[[tuple[str, ...]], _Kind],
) -> CauseFailures:
    if len(findings) > 1:
        findings.sort(key=lambda f: (SEVERITIES.index(by_id[f.check].severity), f.check, f.subject))
    first, kind = findings[0], kinds(tuple(f.check for f in findings))
    actor_ids = {a for f in findings for a in actors.get((f.check, f.subject), (f.actor,)) if a}
    shared_subjects = _shared_subjects(findings, actors)
    named = shared_subjects if group and group.identity == SHARED else []
    cause = Cause(
        id=ids.cause(
            group.id if group else first.check, named or actor_ids or {f.subject for f in findings}
        ),
        title=kind.title,
        says=kind.says,
        what=_what(findings, kind.says, by_id, shared_subjects),
        severity=kind.severity,
        checks=kind.checks,
        counts=kind.counts,
        actors=tuple(sorted(actor_ids)),
        owners=tuple(sorted({f.owner for f in findings if f.owner})),
        ref=next((f.ref for f in findings if f.ref), ""),
    )
    return CauseFailures(cause, tuple(findings))


def _shared_subjects(
    findings: Iterable[Finding], actors: Mapping[ResultKey, tuple[str, ...]]
) -> list[str]:
    """Return the subjects that several actors share."""
    if not actors:
        return []
    return sorted({f.subject for f in findings if len(actors.get((f.check, f.subject), ())) > 1})


def _what(
    findings: Sequence[Finding],
    says: Collection[str],
    by_id: Mapping[str, Check],
    shared_subjects: Sequence[str],
) -> str:
    """Name the shared subjects of which the title speaks; without any, name the actor that it
    concerns.
    """
    if shared_subjects:
        headline_findings = [f for f in findings if f.check in says]
        headline_subjects = {f.subject for f in headline_findings}
        kinds = {by_id[f.check].about for f in headline_findings}
        about = {f.subject: by_id[f.check].about for f in findings}
        names = [s for s in shared_subjects if s in headline_subjects or about[s] not in kinds]
        if names:
            return ", ".join(names)
    first = next(f for f in findings if f.check in says)
    return first.actor or first.subject


def headline(
    failing: Collection[str], by_id: Mapping[str, Check], group: CauseGroup | None
) -> tuple[str, tuple[str, ...]]:
    """Return the finding of the failing checks of one cause, and the checks that state it.

    Several checks take the title of their group if it holds for them; otherwise the worst check
    stands for all.
    """
    ranked = sorted(failing, key=lambda c: (SEVERITIES.index(by_id[c].severity), c))
    if group and len(ranked) > 1:
        naming_checks = tuple(c for c in ranked if c in (group.says or group.checks))
        if naming_checks:
            return group.title, naming_checks
    worst = by_id[ranked[0]]
    return worst.headline or f"{NOT_MET}{worst.title}", (worst.id,)


def remedy(check: Check, listed: bool) -> str:
    """Return the fix for a failure of a check on a listed or an unlisted actor."""
    return (check.fix_listed if listed else "") or check.fix.strip()
