"""Failures by what lies behind them. In: findings, the groups of frameworks/causes.yml, who shares what. Out: causes.

Failures are one cause if their checks stand in one group and they concern the same agent, credential or identity.
No score is made here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from reporter.compared import Cause, CauseGroup, Cell
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
    return tuple(sorted(made, key=lambda c: (SEVERITIES.index(c.severity), -len(c.cells), c.title, c.what)))  # fmt: skip


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
    group = group_of.get(first.check)
    shared = sorted({f.subject for f in own if len(actors.get((f.check, f.subject), ())) > 1})
    who = {a for f in own for a in actors.get((f.check, f.subject), (f.actor,)) if a}
    return Cause(
        title=group.title if group else by_id[first.check].title,
        what=", ".join(shared) or first.actor or first.subject,
        severity=by_id[first.check].severity,
        checks=tuple(sorted({f.check for f in own})),
        actors=tuple(sorted(who)),
        owners=tuple(sorted({f.owner for f in own if f.owner})),
        cells=tuple(sorted((f.check, f.subject) for f in own)),
        ref=next((f.ref for f in own if f.ref), ""),
    )
