"""What a run says held against what came out again, field by field. In: two run folders, the first
of which nobody trusts. Out: the fields that differ.

Fields are named here only where they cannot be held against each other: a new one is compared.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from reporter.runs.run_manifest import MANIFEST
from reporter.runs.store import DATA, encoded, read_fields

ELSEWHERE = ("hashes", "schema")
"""Fields that others hold against each other: the hashes one by one, the schema as it is read."""
PLACES = ("checks.place", "crosswalks.place", "frameworks.place", "profile.place")
"""Where a file of content was: it is elsewhere in a bundle, and decides nothing."""
OF_EARLIER = ("causes.first_seen", "causes.is_since_known", "earlier", "history")
"""What only the run before tells."""
NOTICES_OF_EARLIER = ("agents_gone", "agents_relabelled")
NOTICES_OF_CONTENT = ("own_content", "packs")
"""Notices on content that did not ship: in a bundle nothing tells it from what shipped."""
OF_LEVEL = ("honoured", "reliance", "reweighed", "roadmap", "scores", "slices")
"""What follows from a level, which the run before may have lifted."""
OUTSIDE = ("hashes", "outputs", "purged")
"""Of a manifest: what others hold against each other, and what was removed since the run."""
_SHOWN = 60
"""Characters of a value that are shown."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """What of a run cannot be held against what came out."""

    shapes: Collection[str] = ()
    notices: Collection[str] = ()
    """By their codes."""


@dataclass(slots=True)
class _Field:
    """A field, such as causes.severity, with its first value that differs."""

    name: str
    sealed: Any
    made: Any
    n: int = field(default=1)


def differing(sealed: Path, made: Path, unseen: Unseen) -> Iterator[tuple[str, str]]:
    """Yield each top-level field of report.json with a line on what differs in it.

    Raises InputError as `read_fields`.
    """
    before, now = read_fields(sealed), read_fields(made)
    for name in sorted({*before, *now} - {*ELSEWHERE}):
        yield from ((name, line) for line in _of_field(name, before, now, unseen))


def differing_manifest(sealed: Path, made: Path, is_followed: bool) -> Iterator[str]:
    """Yield what the manifest of a run says otherwise than that of the run that came out."""
    before, now = (json.loads((run / MANIFEST).read_bytes()) for run in (sealed, made))
    unseen = {*OUTSIDE, *(() if is_followed else ("compared",))}
    for name in sorted({*before, *now} - unseen):
        old, new = before.get(name, _ABSENT), now.get(name, _ABSENT)
        yield from _lines(MANIFEST, _walk(name, "", old, new), ())


def _of_field(
    name: str,
    before: Mapping[str, msgspec.Raw],
    now: Mapping[str, msgspec.Raw],
    unseen: Unseen,
) -> Iterator[str]:
    if name in before and name in now and bytes(before[name]) == bytes(now[name]):
        return  # the same data have the same bytes: nothing large is taken apart
    old, new = (msgspec.json.decode(x[name]) if name in x else _ABSENT for x in (before, now))
    if name == "notices":
        old, new = (_without(value, unseen.notices) for value in (old, new))
    yield from _lines(DATA, _walk(name, "", old, new), (*PLACES, *unseen.shapes))


def _without(notices: Any, codes: Collection[str]) -> Any:
    if not isinstance(notices, list):
        return notices
    return [n for n in notices if not (isinstance(n, dict) and n.get("code") in codes)]


_ABSENT = object()
"""The value of a field that is not there."""
_NAMES = ("id", "check", "code", "agent", "file", "finding")
"""What names an entry of a list."""


def _walk(shape: str, name: str, sealed: Any, made: Any) -> Iterator[tuple[str, _Field]]:
    """Yield the shape and what differs, of everything in two values."""
    if isinstance(sealed, dict) and isinstance(made, dict):
        for key in sorted({*sealed, *made}):
            old, new = sealed.get(key, _ABSENT), made.get(key, _ABSENT)
            yield from _walk(f"{shape}.{key}", name, old, new)
    elif isinstance(sealed, list) and isinstance(made, list) and len(sealed) == len(made):
        for number, (old, new) in enumerate(zip(sealed, made, strict=True), 1):
            yield from _walk(shape, name or _name_of(new, number), old, new)
    elif (type(sealed), sealed) != (type(made), made):
        yield shape, _Field(name, sealed, made)


def _name_of(entry: Any, number: int) -> str:
    names = (entry.get(key) for key in _NAMES) if isinstance(entry, dict) else ()
    return next((name for name in names if isinstance(name, str) and name), f"no. {number}")


def _lines(
    file: str, found: Iterator[tuple[str, _Field]], unseen: Collection[str]
) -> Iterator[str]:
    """Yield a line for each shape, with the first of its entries and how many more there are."""
    fields: dict[str, _Field] = {}
    for shape, one in found:
        if any(f"{shape}.".startswith(f"{name}.") for name in unseen):
            continue
        if shape in fields:
            fields[shape].n += 1
        else:
            fields[shape] = one
    for shape, one in fields.items():
        more = f" and {one.n - 1} more" if one.n > 1 else ""
        entry = f" of {one.name}{more}" if one.name else ""
        yield (
            f"{file}, {shape}{entry}: {_shown(one.sealed)} was sealed, and {_shown(one.made)} came"
            " out"
        )


def _shown(value: Any) -> str:
    if value is _ABSENT:
        return "nothing"
    if isinstance(value, list | dict):
        return f"a list of {len(value)}" if isinstance(value, list) else f"{len(value)} fields"
    text = encoded(value).decode()
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
