"""A directory of people who may sign everything, for tests that are not about who may."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from reporter.model.statements import SIGNED
from reporter.statements.approvers import Directory, Person, person

EVERYTHING: Mapping[str, Sequence[str]] = dict.fromkeys(SIGNED, ("risk owner",))
BASE = Person("", "human", "active", roles=frozenset({"risk owner"}))


def directory(
    *ids: str,
    aliases: Mapping[str, str] | None = None,
    names: Mapping[str, str] | None = None,
    others: Sequence[Person] = (),
    approvers: Mapping[str, Sequence[str]] = EVERYTHING,
) -> Directory:
    """People by id, all in office and risk owners; `aliases` and display `names` point to ids, `others` stand as they are."""
    people = {i: replace(BASE, id=i) for i in ids} | {p.id: p for p in others}
    return Directory(
        {person(i): (p,) for i, p in people.items()}
        | {person(alias): (people[i],) for alias, i in (aliases or {}).items()},
        {person(name): (people[i],) for name, i in (names or {}).items()},
        approvers,
        any(p.kind == "human" for p in people.values()),
    )
