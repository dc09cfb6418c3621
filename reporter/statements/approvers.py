"""Authority to sign a statement. In: an engine with actors, `approvers:` of reporter.yml. Out:
Directory.

A name on a statement proves nothing by itself. It counts if it identifies one person who was in
office on that day and has a role named for this kind of statement.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from reporter.engine.base import Engine
from reporter.model.sentences import Sentence, tell


@dataclass(frozen=True, slots=True)
class Person:
    """One actor of the lists, with the facts that determine who may sign."""

    id: str
    kind: str
    state: str
    """'' where no list says it."""
    state_since: datetime | None = None
    began_at: datetime | None = None
    left_at: datetime | None = None
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Directory:
    """People by each of their names, and who may sign which statement."""

    ids: Mapping[str, tuple[Person, ...]] = field(default_factory=dict)
    """Id or alias, normalised -> the people who have it."""
    names: Mapping[str, tuple[Person, ...]] = field(default_factory=dict)
    """Display name, normalised -> the people who have it."""
    approvers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Kind of statement -> roles, and ids or names of people."""
    has_people: bool = False

    def people_called(self, name: str) -> tuple[Person, ...]:
        """Return the people whom a name may mean: by id or alias, else by display name, people
        before other actors.
        """
        key = person(name)
        people = self.ids.get(key) or self.names.get(key, ())
        return tuple(p for p in people if p.kind == "human") or people

    def same(self, one: str, other: str) -> bool:
        """Say whether two names may mean the same person."""
        ids = {p.id for p in self.people_called(one)}
        return person(one) == person(other) or any(p.id in ids for p in self.people_called(other))

    def key(self, name: str) -> str:
        """Return one key for all names of a person; for an unknown person, the normalised name."""
        people = self.people_called(name)
        return people[0].id if len(people) == 1 else person(name)

    def objection(self, kind: str, name: str, at: datetime | None) -> Sentence | None:
        """Return the reason that somebody may not sign a kind of statement on a day; None if they
        may.
        """
        if not self.has_people:
            return tell("no list of people was provided, so nothing shows who {name} is", name=name)
        people = self.people_called(name)
        if not people:
            return tell("{name} is not in any list of people provided", name=name)
        if len(people) > 1:
            ids = tuple(sorted(p.id for p in people))
            return tell("{name} may be any of {ids}", name=name, ids=ids)
        (signer,) = people
        if signer.kind != "human":
            return tell("{name} is not a person ({kind:word})", name=name, kind=signer.kind)
        if at is None:
            return tell("the day on which {name} signed is missing", name=name)
        return _out_of_office(signer, name, at) or self._unentitled(kind, signer, name)

    def in_office(self, at: datetime) -> tuple[Person, ...]:
        """Return the people of the lists who are in office on a day."""
        everybody = {p.id: p for people in self.ids.values() for p in people}
        return tuple(
            p
            for _, p in sorted(everybody.items())
            if p.kind == "human" and not _out_of_office(p, p.id, at)
        )

    def signers(self, kind: str, at: datetime) -> tuple[Person, ...]:
        """Return who may sign a kind of statement on a day."""
        return tuple(p for p in self.in_office(at) if not self._unentitled(kind, p, p.id))

    def _unentitled(self, kind: str, signer: Person, name: str) -> Sentence | None:
        entries = self.approvers.get(kind, ())
        if not entries:
            return tell("reporter.yml names nobody under approvers: {kind}", kind=kind)
        for entry in entries:
            if person(entry) in signer.roles or any(
                p.id == signer.id for p in self.people_called(entry)
            ):
                return None
        return tell(
            "{name} is not named in reporter.yml under approvers: {kind}",
            name=name,
            kind=kind,
        )


def read_directory(engine: Engine, approvers: Mapping[str, Sequence[str]]) -> Directory:
    """Return everybody in the lists, under each of their names."""
    ids: dict[str, dict[str, Person]] = defaultdict(dict)
    names: dict[str, dict[str, Person]] = defaultdict(dict)
    everybody: dict[str, Person] = {}
    for actor, kind, state, since, began_at, left_at, roles, name, principal in engine.rows(
        "SELECT actor_id, kind, coalesce(state, ''), state_since, activated_at, retired_at,"
        " coalesce(roles, ''), name, CASE WHEN kind = 'human' THEN principal_id END FROM actors"
        " WHERE registered ORDER BY actor_id"
    ):
        role_names = frozenset(filter(None, map(person, roles.split(";"))))
        entry = Person(actor, kind, state, since, began_at, left_at, role_names)
        everybody[actor] = entry
        for identifier in filter(None, (actor, principal)):
            ids[person(identifier)][actor] = entry
        if name:
            names[person(name)][actor] = entry
    for actor, alias in engine.rows("SELECT actor_id, alias FROM aliases ORDER BY actor_id, alias"):
        if actor in everybody and alias:
            ids[person(alias)][actor] = everybody[actor]
    return Directory(
        {n: tuple(people.values()) for n, people in ids.items()},
        {n: tuple(people.values()) for n, people in names.items()},
        approvers,
        any(p.kind == "human" for p in everybody.values()),
    )


def person(name: str) -> str:
    """Return a name in normalised form."""
    return " ".join(name.casefold().split())


def _out_of_office(signer: Person, name: str, at: datetime) -> Sentence | None:
    """Return the reason that somebody could not sign on a day; the first and the last day count."""
    day = at.date()
    if signer.began_at and day < signer.began_at.date():
        return tell(
            "{name} had not started before {day}", name=name, day=f"{signer.began_at:%Y-%m-%d}"
        )
    left_at = signer.left_at or (signer.state_since if signer.state == "retired" else None)
    if left_at and day > left_at.date():
        return tell("{name} left on {day}", name=name, day=f"{left_at:%Y-%m-%d}")
    if signer.state == "retired" and not left_at:
        return tell("{name} has left, and no list records when", name=name)
    if signer.state not in ("", "active", "retired") and (
        not signer.state_since or day >= signer.state_since.date()
    ):
        return tell("{name} was not in post ({state:word})", name=name, state=signer.state)
    if signer.state or left_at:
        return None
    return tell("no list records whether {name} was in post", name=name)
