"""Failures by what lies behind them. In: failing verdicts, groups, who shares what. Out: causes.

Failures are one cause if their checks stand in one group of frameworks/causes.yml and they concern
the same agent, credential or identity. What a cause is called follows from the checks that fail.
No score is made here."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from reporter.evaluate.headlines import headline
from reporter.model import ids
from reporter.model.assessment import SEVERITIES, Check, Finding
from reporter.model.comparison import SHARED, Cause, CauseGroup, ResultKey


@dataclass(frozen=True, slots=True)
class Explained:
    """A cause and the failures that it explains, the worst first."""

    cause: Cause
    own: tuple[Finding, ...]


def root_causes(
    failed: Sequence[Finding],
    by_id: Mapping[str, Check],
    group: CauseGroup | None,
    actors: Mapping[ResultKey, tuple[str, ...]],
) -> list[Explained]:
    """Return the causes behind the failures of a group, or of one check that is in none; each
    failure stands in exactly one.

    `actors` are all the actors a result's subject belongs to, where it belongs to more than its
    own.
    """
    places = _Places()
    for f in failed:
        for actor in actors.get((f.check, f.subject), (f.actor or f.subject,)):
            places.join(("subject", f.subject), ("actor", actor))
            if f.subject == actor:
                places.join(("subject", f.subject), ("actor", f.subject))
    found: dict[tuple[str, ...], list[Finding]] = defaultdict(list)
    for f in failed:
        found[places.root(("subject", f.subject))].append(f)
    made = [_explained(own, by_id, group, actors) for own in found.values()]
    made.sort(key=lambda e: worst_first(e.cause))
    taken: Counter[str] = Counter()
    for n, one in enumerate(made):  # an agent and a credential may be called alike
        name = one.cause.id
        taken[name] += 1
        if taken[name] > 1:
            made[n] = replace(one, cause=replace(one.cause, id=f"{name}-{taken[name]}"))
    return made


def worst_first(c: Cause) -> tuple[int, int, str, str]:
    """Sort key of causes."""
    return SEVERITIES.index(c.severity), -c.failures, c.title, c.what


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


def _explained(
    own: list[Finding],
    by_id: Mapping[str, Check],
    group: CauseGroup | None,
    actors: Mapping[ResultKey, tuple[str, ...]],
) -> Explained:
    own.sort(key=lambda f: (SEVERITIES.index(by_id[f.check].severity), f.check, f.subject))
    first, counts = own[0], Counter(f.check for f in own)
    checks = tuple(sorted(counts))
    title, says = headline(checks, by_id, group)
    who = {a for f in own for a in actors.get((f.check, f.subject), (f.actor,)) if a}
    shared = _shared(own, actors) if group and group.identity == SHARED else []
    cause = Cause(
        id=ids.cause(group.id if group else first.check, shared or who or {f.subject for f in own}),
        title=title,
        says=says,
        what=_what(own, says, by_id, actors),
        severity=by_id[first.check].severity,
        checks=checks,
        counts=tuple(counts[c] for c in checks),
        actors=tuple(sorted(who)),
        owners=tuple(sorted({f.owner for f in own if f.owner})),
        ref=next((f.ref for f in own if f.ref), ""),
    )
    return Explained(cause, tuple(own))


def _shared(own: Iterable[Finding], actors: Mapping[ResultKey, tuple[str, ...]]) -> list[str]:
    """Return the subjects that several actors have."""
    return sorted({f.subject for f in own if len(actors.get((f.check, f.subject), ())) > 1})


def _what(
    own: Sequence[Finding],
    says: Collection[str],
    by_id: Mapping[str, Check],
    actors: Mapping[ResultKey, tuple[str, ...]],
) -> str:
    """Name what several share, but nothing that passes what the title says of it; else the actor of
    whom it is said.
    """
    shared = _shared(own, actors)
    saying = [f for f in own if f.check in says]
    meant = {f.subject for f in saying}
    kinds = {by_id[f.check].about for f in saying}
    about = {f.subject: by_id[f.check].about for f in own}
    named = [s for s in shared if s in meant or about[s] not in kinds]
    return ", ".join(named) or saying[0].actor or saying[0].subject
