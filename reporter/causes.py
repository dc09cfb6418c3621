"""Failures by what lies behind them. In: findings, the groups of frameworks/causes.yml, who shares what. Out: causes.

Failures are one cause if their checks stand in one group and they concern the same agent, credential or identity.
What a cause is called follows from the checks that fail. No score is made here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from reporter import ids
from reporter.compared import SHARED, Cause, CauseGroup, Cell
from reporter.headlines import headline
from reporter.model import SEVERITIES, Check, Finding
from reporter.scores import Status


def root_causes(
    findings: Iterable[Finding],
    checks: Iterable[Check],
    groups: Iterable[CauseGroup],
    actors: Mapping[Cell, tuple[str, ...]],
) -> tuple[Cause, ...]:
    """Return the causes behind all failures, the worst first; every failing cell stands in exactly one.

    `actors` are all the actors a cell's subject belongs to, where it belongs to more than its own.
    """
    by_id = {c.id: c for c in checks}
    group_of = {check: g for g in groups for check in g.checks}
    failed = [f for f in findings if f.status == Status.FAIL]
    places = _Places()
    for f in failed:
        group = group_of.get(f.check)
        name = group.id if group else f.check
        for actor in actors.get((f.check, f.subject), (f.actor or f.subject,)):
            places.join((name, "subject", f.subject), (name, "actor", actor))
            if f.subject == actor:
                places.join((name, "subject", f.subject), (name, "actor", f.subject))
    found: dict[tuple[str, ...], list[Finding]] = defaultdict(list)
    for f in failed:
        group = group_of.get(f.check)
        found[places.root((group.id if group else f.check, "subject", f.subject))].append(f)
    made = [_cause(own, by_id, group_of, actors) for own in found.values()]
    made.sort(key=lambda c: (SEVERITIES.index(c.severity), -len(c.cells), c.title, c.what))
    taken: Counter[str] = Counter()
    for n, cause in enumerate(made):  # an agent and a credential may be called alike
        taken[cause.id] += 1
        if taken[cause.id] > 1:
            made[n] = replace(cause, id=f"{cause.id}-{taken[cause.id]}")
    return tuple(made)


class _Places:
    """Which names mean one place: the smallest name stands for all that were joined."""

    def __init__(self) -> None:
        self._over: dict[tuple[str, ...], tuple[str, ...]] = {}

    def root(self, name: tuple[str, ...]) -> tuple[str, ...]:
        while (above := self._over.get(name, name)) != name:
            self._over[name] = self._over.get(above, above)
            name = above
        return name

    def join(self, one: tuple[str, ...], other: tuple[str, ...]) -> None:
        low, high = sorted((self.root(one), self.root(other)))
        self._over[high] = low


def _cause(
    own: list[Finding], by_id: Mapping[str, Check], group_of: Mapping[str, CauseGroup],
    actors: Mapping[Cell, tuple[str, ...]],
) -> Cause:  # fmt: skip
    own.sort(key=lambda f: (SEVERITIES.index(by_id[f.check].severity), f.check, f.subject))
    first = own[0]
    checks = tuple(sorted({f.check for f in own}))
    title, says = headline(checks, by_id, group_of.get(first.check))
    who = {a for f in own for a in actors.get((f.check, f.subject), (f.actor,)) if a}
    group = group_of.get(first.check)
    shared = _shared(own, actors) if group and group.identity == SHARED else []
    return Cause(
        id=ids.cause(group.id if group else first.check, shared or who or {f.subject for f in own}),
        title=title,
        says=says,
        what=_what(own, says, by_id, actors),
        severity=by_id[first.check].severity,
        checks=checks,
        actors=tuple(sorted(who)),
        owners=tuple(sorted({f.owner for f in own if f.owner})),
        cells=tuple(sorted((f.check, f.subject) for f in own)),
        ref=next((f.ref for f in own if f.ref), ""),
    )


def _shared(own: Iterable[Finding], actors: Mapping[Cell, tuple[str, ...]]) -> list[str]:
    """Return the subjects that several actors have."""
    return sorted({f.subject for f in own if len(actors.get((f.check, f.subject), ())) > 1})


def _what(
    own: Sequence[Finding], says: Collection[str], by_id: Mapping[str, Check],
    actors: Mapping[Cell, tuple[str, ...]],
) -> str:  # fmt: skip
    """Name what several share, but nothing that passes what the title says of it; else the actor of whom it is said."""
    shared = _shared(own, actors)
    saying = [f for f in own if f.check in says]
    meant = {f.subject for f in saying}
    kinds = {by_id[f.check].about for f in saying}
    about = {f.subject: by_id[f.check].about for f in own}
    named = [s for s in shared if s in meant or about[s] not in kinds]
    return ", ".join(named) or saying[0].actor or saying[0].subject
