"""A table of the user's own, read by a mapping. In: a mapping file. Out: a Source, as if somebody had written it.

A mapping names headings, never SQL; docs/formats.md describes it and `reporter map` proposes one.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from reporter.catalog import Source
from reporter.columns import TIME
from reporter.db import quoted, quoted_list
from reporter.errors import ContentError
from reporter.ingest.tables import columns_of
from reporter.schema import TABLES
from reporter.vocabulary import VOCABULARY
from reporter.yamls import Fields, fields

FOLDER = "mappings"
LISTS = {"tools": "tool", "data_sources": "data", "entitlements": "entitlement"}
COMPONENT = ("name", "vendor", "version")
KEYS = ("map", "file", "headings", "kind", "columns", "lists", "component", "not_mapped")
_ACTORS = [n for n, _ in columns_of(TABLES["actors"]) if n != "kind"]
_TIMES = {c.name for c in TABLES["actors"].columns if c.type == TIME}


def with_mappings(sources: tuple[Source, ...], workspace: Path) -> tuple[Source, ...]:
    """Return the sources and one more for each mapping of a workspace."""
    known = {s.id for s in sources}
    made = []
    for path in sorted((workspace / FOLDER).glob("*.yml")):
        source = read_mapping(path)
        if source.id in known:
            raise ContentError(f"there is a source {source.id!r} already", source.place)
        known.add(source.id)
        made.append(source)
    return (*sources, *made)


def read_mapping(path: Path) -> Source:
    """Read one mapping file; raise ContentError with path:line."""
    f = fields(path)
    f.only(*KEYS)
    headings = f.get("headings", list)
    if not headings or not all(isinstance(h, str) and h for h in headings):
        raise ContentError("'headings' must be a list of texts", f.place("headings"))
    columns = f.get("columns", dict)
    if "actor_id" not in columns:
        raise ContentError(
            "no column gives actor_id",
            f.place("columns"),
            "Name the heading that tells one row from all others.",
        )
    rows = _actors(f, columns)
    tables = {"actors": rows}
    lists = f.get("lists", dict, {})
    if lists:
        tables["grants"] = _grants(f, lists, columns["actor_id"])
    if "component" in f.data:
        tables["components"] = _component(f, columns["actor_id"])
    return Source(
        id=f.get("map", str), title=f"the table mapped by {path.name}", describe="",
        when=f"list_has_all(json_keys(r), {quoted_list(headings)})",
        records=("",), columns={}, texts=(), lists=(), may_lack=(), together=False, skip="FALSE", type_of="NULL", tables=tables,
        place=f.place("columns"), sha256=hashlib.sha256(path.read_bytes()).hexdigest(), rank=1,
    )  # fmt: skip


def _actors(f: Fields, columns: dict[str, Any]) -> str:
    picked = []
    for name, said in columns.items():
        if name not in _ACTORS:
            raise ContentError(
                f"an actor has no column {name!r}",
                f.place("columns"),
                "`reporter lint --tables` lists them.",
            )
        picked.append(f"{_value(f, 'columns', name, said)} AS {name}")
    kind = f.get("kind", (str, dict))
    known = VOCABULARY["actors.kind"]
    if isinstance(kind, str) and kind not in known:
        raise ContentError(f"kind {kind!r} is none of {', '.join(known)}", f.place("kind"))
    made = quoted(kind) if isinstance(kind, str) else _value(f, "kind", "kind", kind)
    listed = [
        f"'true' AS {flag}"
        for key, flag in (("tools", "tools_listed"), ("data_sources", "data_listed"))
        if key in f.get("lists", dict, {}) and flag not in columns
    ]
    return f"SELECT record, {made} AS kind, {', '.join([*picked, *listed])} FROM raw"


def _grants(f: Fields, lists: dict[str, Any], actor: Any) -> str:
    parts = []
    for name, said in lists.items():
        if name not in LISTS:
            raise ContentError(f"no list {name!r}", f.place("lists"), f"Known: {', '.join(LISTS)}.")
        heading, split = (
            (said, ";") if isinstance(said, str) else (said.get("from"), said.get("split", ";"))
        )
        cut = f"string_split(replace({_cell(f, 'lists', heading)}, chr(10), {quoted(split)}), {quoted(split)})"
        parts.append(
            f"SELECT record, {_value(f, 'columns', 'actor_id', actor)} AS actor_id, {quoted(LISTS[name])} AS type, "
            f"unnest(list_transform({cut}, lambda x: trim(x))) AS name FROM raw"
        )
    return f"SELECT * FROM ({' UNION ALL '.join(parts)}) AS listed WHERE name <> ''"


def _component(f: Fields, actor: Any) -> str:
    said = f.get("component", dict)
    wrong = sorted(set(said) - set(COMPONENT))
    if wrong or "name" not in said:
        raise ContentError(
            f"component has no {wrong[0]!r}" if wrong else "component lacks 'name'", f.place("component"),
            f"Known: {', '.join(COMPONENT)}.",
        )  # fmt: skip
    picked = ", ".join(f"{_cell(f, 'component', h)} AS {k}" for k, h in said.items())
    name = _cell(f, "component", said["name"])
    return (
        f"SELECT record, 'model:' || {name} AS component_id, {_value(f, 'columns', 'actor_id', actor)} AS actor_id, "
        f"'model' AS type, {picked} FROM raw WHERE {name} <> ''"
    )


def _cell(f: Fields, key: str, heading: Any) -> str:
    """SQL: the text of a cell; '' where it is empty."""
    if not isinstance(heading, str) or heading not in f.data["headings"]:
        raise ContentError(f"{heading!r} is none of the headings", f.place(key))
    pointer = "/" + heading.replace("~", "~0").replace("/", "~1")
    return f"trim(r ->> {quoted(pointer)})"


def _value(f: Fields, key: str, name: str, said: Any) -> str:
    """SQL: a cell, its words exchanged or its date rewritten as the mapping says."""
    if not isinstance(said, dict):
        return _cell(f, key, said)
    wrong = sorted(set(said) - {"from", "values", "date"})
    if wrong:
        raise ContentError(
            f"{name}: unknown key {wrong[0]!r}", f.place(key), "Known: from, values, date."
        )
    cell = _cell(f, key, said.get("from"))
    if "date" in said:
        if name not in _TIMES:
            raise ContentError(f"{name} is no time", f.place(key))
        read = f"try_strptime({cell}, {quoted(str(said['date']))})"
        return f"coalesce(strftime({read}, '%Y-%m-%dT%H:%M:%SZ'), {cell})"
    swaps = " ".join(
        f"WHEN {quoted(str(k).lower())} THEN {quoted(str(v))}"
        for k, v in said.get("values", {}).items()
    )
    return f"CASE lower({cell}) {swaps} ELSE {cell} END" if swaps else cell
