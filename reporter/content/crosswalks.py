"""Read crosswalks: which controls of one list depend on, or belong with, which of another.

In: files under crosswalks/ and official/. Out: `model.Crosswalk`, registers, and the ids in
crosswalks and catalogs that stand for nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from reporter.content.yaml import Fields, fields, place_below
from reporter.errors import ContentError, ReporterError
from reporter.model.assessment import Check, Framework
from reporter.model.crosswalk import Alias, Crosswalk, Pairs

ALIASES = "aliases.yml"
"""Lies among the crosswalks and is none."""
CHECKS = "checks"
"""What a crosswalk calls our checks, where others name a list."""
RELATIONS = ("equal", "subset", "superset", "intersects")
CONFIDENCE = ("high", "medium", "low")
BASES = ("published", "own-judgement")


def read_crosswalk(path: Path, lists: Collection[str] | None = None) -> Crosswalk:
    """Read one crosswalk file; a row without a relation or confidence has that of the file. Rows
    are left out where `lists` are given and do not hold both ends.

    Raises ContentError where a row lacks a relation or confidence, or a word is not allowed.
    """
    file = fields(path) if lists is None else fields(path, until="maps")
    is_whole = lists is None or {file.data.get("from"), file.data.get("to")} <= set(lists)
    if lists is not None and is_whole:
        file = fields(path)
    file.only("id", "title", "from", "to", "relation", "basis", "source", "confidence", "maps")
    source = file.get("source", dict)
    unknown_keys = sorted(set(map(str, source)) - {"what", "where", "by", "published"})
    if unknown_keys:
        raise ContentError(
            f"source: unknown key {unknown_keys[0]!r}",
            file.place("source"),
            "Known: what, where, by, published.",
        )
    basis = one_of(file.get("basis", str), BASES, "basis", file.place("basis"))
    if not source.get("what") or (basis == "published") != bool(source.get("by")):
        raise ContentError(
            "source: expected 'what' was read, and 'by' whom it was published if it was",
            file.place("source"),
        )
    return Crosswalk(
        id=file.get("id", str),
        title=file.get("title", str),
        origin=file.get("from", str),
        target=file.get("to", str),
        basis=basis,
        publisher=str(source.get("by", "")),
        source=str(source["what"]).strip(),
        rows=tuple(_row(row, file) for row in file.get("maps", list)) if is_whole else (),
        place=file.place("maps"),
    )


def one_of(value: Any, allowed: tuple[str, ...], key: str, place: str) -> str:
    """Return a word if it is one of the allowed ones.

    Raises ContentError where it is none.
    """
    if value not in allowed:
        raise ContentError(f"{key!r} is {value!r}; expected one of {', '.join(allowed)}", place)
    return str(value)


def _row(data: Any, file: Fields) -> Pairs:
    place = file.place("maps")
    unknown_keys = (
        set(data) - {"from", "to", "relation", "confidence", "note"}
        if isinstance(data, dict)
        else {data}
    )
    if unknown_keys:
        raise ContentError(
            f"maps: unknown key {sorted(map(str, unknown_keys))[0]!r}",
            place,
            "A row has from, to, and optionally relation, confidence and note.",
        )
    values = {
        "relation": file.data.get("relation"),
        "confidence": file.data.get("confidence"),
        **data,
    }
    return Pairs(
        origins=_ids(values.get("from"), "from", place),
        targets=_ids(values.get("to"), "to", place),
        relation=one_of(values["relation"], RELATIONS, "relation", place),
        confidence=one_of(values["confidence"], CONFIDENCE, "confidence", place),
        note=str(values.get("note", "")).strip(),
    )


def _ids(value: Any, key: str, place: str) -> tuple[str, ...]:
    """One id, or a list of them."""
    ids = value if isinstance(value, list) else [value]
    if not ids or not all(isinstance(i, str) and i for i in ids):
        raise ContentError(f"maps: {key!r} must be an id or a list of ids, not {value!r}", place)
    return tuple(ids)


def alias_of(data: Mapping[str, Any]) -> Alias:
    """Return what a reference means, of an entry of the file of aliases."""
    return Alias(
        given=data["given"],
        literal=data["literal"] or "",
        intended=tuple(data["intended"]),
        related=tuple(data["related"]),
        confidence=str(data["confidence"]),
        is_literal=data.get("confidence_in") == "literal",
        note=data["note"].strip(),
    )


def read_register(path: Path) -> dict[str, Any]:
    """Read one register of official ids and titles; `id`, `place` and `sha256` are those of the
    file.
    """
    file = fields(path)
    file.get("ids", dict)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    identity = {
        "id": file.get("framework", str),
        "place": file.place("framework"),
        "sha256": digest,
    }
    return {**file.data, **identity}


def known_ids(
    official: Mapping[str, dict[str, Any]],
    frameworks: Iterable[Framework],
    checks: Iterable[Check],
) -> dict[str, set[str]]:
    """Return the ids that a crosswalk may name, by list: those of registers, of catalogs and of our
    checks.
    """
    ids = {name: set(register["ids"]) for name, register in official.items()}
    for framework in frameworks:
        framework_ids = ids.setdefault(framework.id, set())
        framework_ids |= {group.id for group in framework.groups} | {
            control.id for control in framework.controls
        }
    return {**ids, CHECKS: {c.id for c in checks}}


def lists_shown(names: Collection[str], frameworks: Iterable[Framework]) -> tuple[str, ...]:
    """Return the lists that a workspace shows: those it names, and the usual catalogs beside them
    where none of them is a catalog.
    """
    catalogs = {f.id: f.optional for f in frameworks}
    usual = (i for i, is_optional in catalogs.items() if not is_optional)
    return tuple(names) if catalogs.keys() & set(names) else (*usual, *names)


def unknown_checks(
    frameworks: Iterable[Framework], checks: Iterable[Check]
) -> Iterator[ReporterError]:
    """Name the checks that controls list though nobody wrote them."""
    check_ids = {c.id for c in checks}
    for framework in frameworks:
        for control in framework.controls:
            for check_id, _ in control.checks:
                if check_id not in check_ids:
                    yield ContentError(
                        f"{control.id} lists check {check_id}, which does not exist",
                        framework.place,
                        "Write the check first, or take it off the control's list.",
                    )


def unknown_ids(
    crosswalks: Iterable[Crosswalk], ids_by_list: Mapping[str, set[str]]
) -> Iterator[ReporterError]:
    """Name what a crosswalk joins though no list has it, and pairs that stand twice."""
    for walk in crosswalks:
        lists = [name for name in (walk.origin, walk.target) if name not in ids_by_list]
        for name in lists:
            yield ContentError(
                f"{walk.id}: no list {name!r}",
                walk.place,
                f"Known: {', '.join(sorted(ids_by_list))}.",
            )
        if not lists:
            yield from _unknown(walk, ids_by_list[walk.origin], ids_by_list[walk.target])


def _unknown(walk: Crosswalk, origins: set[str], targets: set[str]) -> Iterator[ReporterError]:
    pairs = set()
    for row in walk.rows:
        for ids, valid_ids, name in (
            (row.origins, origins, walk.origin),
            (row.targets, targets, walk.target),
        ):
            for unknown_id in (i for i in ids if i not in valid_ids):
                close = get_close_matches(unknown_id, sorted(valid_ids), 1, 0.3)
                hint = f"Did you mean {close[0]}?" if close else ""
                place = place_below(walk.place, unknown_id)
                yield ContentError(f"{walk.id}: {unknown_id} is not an id of {name}", place, hint)
        for pair in ((o, t) for o in row.origins for t in row.targets):
            if pair in pairs:
                yield ContentError(f"{walk.id} joins {pair[0]} and {pair[1]} twice", walk.place)
            pairs.add(pair)
