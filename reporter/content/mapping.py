"""A table of the user's own, read by a mapping. In: a mapping file. Out: a Source, as if somebody
had written it.

A mapping names headings, never SQL; docs/formats.md describes it and `reporter map` proposes one.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from reporter.content.loader import Source, validated_source
from reporter.content.yaml import Fields, fields
from reporter.engine.base import quoted, quoted_list
from reporter.errors import ContentError, Errors
from reporter.schema.columns import TIME
from reporter.schema.tables import TABLES, columns_of
from reporter.schema.vocabulary import VOCABULARY

FOLDER = "mappings"
LISTS = {"tools": "tool", "data_sources": "data", "entitlements": "entitlement"}
COMPONENT = ("name", "vendor", "version")
CREDENTIAL = tuple(
    n for n, _ in columns_of(TABLES["credentials"]) if n not in ("actor_id", "fingerprint")
)
KEYS = (
    "map",
    "file",
    "headings",
    "optional",
    "kind",
    "columns",
    "lists",
    "component",
    "credential",
    "empty",
    "left_out",
    "not_mapped",
)
NOTHING = "none"
"""The kind of a table whose rows are left out on purpose: a cover, a list of words."""
BLANK = " \t\r\n\u00a0"
_NONE = ("none", "keine", "kein", "aucun", "aucune", "néant", "ninguno", "nessuno", "geen")
"""In a list these say that it is empty; elsewhere only where a mapping's `empty` says so."""
_DATES = {
    "excel": "CAST(DATE '1899-12-30' + TRY_CAST({} AS INTEGER) AS TIMESTAMP)",
    "epoch": "make_timestamp(TRY_CAST({} AS BIGINT) * 1000000)",
    "epoch_ms": "make_timestamp(TRY_CAST({} AS BIGINT) * 1000)",
}
"""Dates written as one number."""
_OLDEST = "TIMESTAMP '1900-01-01'"
_ACTORS = [n for n, _ in columns_of(TABLES["actors"]) if n != "kind"]
_TIMES = {c.name for t in ("actors", "credentials") for c in TABLES[t].columns if c.type == TIME}


def with_mappings(sources: tuple[Source, ...], workspace: Path) -> tuple[Source, ...]:
    """Return the sources and one more for each mapping of a workspace, whose SQL is ours and
    validated like that of others.

    Raises Errors with all that is wrong; ContentError where two mappings have one name.
    """
    known = {s.id for s in sources}
    made = []
    for path in sorted((workspace / FOLDER).glob("*.yml")):
        source = read_mapping(path)
        source, problems = validated_source(source)
        if problems:
            raise Errors(problems)
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
    none = f.data.get("kind") == NOTHING
    columns = f.get("columns", dict, {} if none else ...)
    if "actor_id" not in columns and not none:
        raise ContentError(
            "no column gives actor_id",
            f.place("columns"),
            "Name the heading that tells one row from all others.",
        )
    left_out = _texts(f, "left_out")
    return Source(
        id=f.get("map", str),
        title=f"the table mapped by {path.name}",
        describe="",
        when=_when(headings),
        records=("",),
        columns={},
        texts=(),
        lists=(),
        may_lack=(),
        together=False,
        tables={} if none else _tables(f, columns),
        skip=f"list_contains({quoted_list(left_out)}, {_row(f)})" if left_out else "FALSE",
        type_of="'left out by the mapping'" if left_out or none else "NULL",
        place=f.place("columns"),
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        rank=-len(headings),
    )


def _tables(f: Fields, columns: dict[str, Any]) -> dict[str, Any]:
    """SQL of each table that the mapping fills."""
    tables = {"actors": _actors(f, columns)}
    lists = f.get("lists", dict, {})
    if lists:
        tables["grants"] = _grants(f, lists, columns["actor_id"])
    if "component" in f.data:
        tables["components"] = _component(f, columns["actor_id"])
    if "credential" in f.data:
        tables["credentials"] = _credential(f, columns["actor_id"])
    return tables


def _when(headings: list[str]) -> str:
    """SQL: a record has all the headings; a dotted one is a key of that name, or one below
    another.
    """
    dotted = [
        f"list_has_any(json_keys(r), {quoted_list([h, h.split('.')[0]])})"
        for h in headings
        if "." in h
    ]
    plain = quoted_list([h for h in headings if "." not in h])
    return " AND ".join([f"list_has_all(json_keys(r), {plain})", *dotted])


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
        raise ContentError(
            f"kind {kind!r} is none of {', '.join((*known, NOTHING))}", f.place("kind")
        )
    made = quoted(kind) if isinstance(kind, str) else _value(f, "kind", "kind", kind)
    lists = f.get("lists", dict, {})
    listed = [
        f"{_listed(f, lists[key])} AS {flag}"
        for key, flag in (
            ("tools", "tools_listed"),
            ("data_sources", "data_listed"),
            ("entitlements", "entitlements_listed"),
        )
        if key in lists and flag not in columns
    ]
    return f"SELECT record, {made} AS kind, {', '.join([*picked, *listed])} FROM raw"


def _grants(f: Fields, lists: dict[str, Any], actor: Any) -> str:
    parts = []
    for name, said in lists.items():
        if name not in LISTS:
            raise ContentError(f"no list {name!r}", f.place("lists"), f"Known: {', '.join(LISTS)}.")
        parts.append(
            f"SELECT record, {_value(f, 'columns', 'actor_id', actor)} AS actor_id,"
            f" {quoted(LISTS[name])} AS type, unnest({_items(f, 'lists', said)}) AS name FROM raw"
        )
    return f"SELECT * FROM ({' UNION ALL '.join(parts)}) AS listed WHERE name <> ''"


def _items(f: Fields, key: str, said: Any) -> str:
    """SQL: the parts of a cell, or the items of a JSON list, without those that say none."""
    heading, split = (
        (said, ";") if isinstance(said, str) else (said.get("from"), said.get("split", ";"))
    )
    cell, sign = _cell(f, key, heading), quoted(split)
    cut = (
        f"list_transform(string_split(replace({cell}, chr(10), {sign}), {sign}), lambda x: trim(x))"
    )
    items = (
        f"CASE WHEN json_valid({cell}) AND {cell} LIKE '[%' THEN list_transform(CAST(CAST({cell} AS"
        " JSON) AS JSON[]), lambda x: coalesce(x ->> '$.name', x ->> '$.id', x ->> '$')) ELSE"
        f" {cut} END"
    )
    return f"list_filter({items}, lambda x: NOT list_contains({quoted_list(_NONE)}, lower(x)))"


def _listed(f: Fields, said: Any) -> str:
    """SQL: 'true' where the cell lists something, or says that there is nothing; an empty cell does
    not tell.
    """
    heading = said if isinstance(said, str) else said.get("from")
    bare = _bare(f, "lists", heading)
    none = f"list_contains({quoted_list(_NONE)}, lower({bare}))"
    return f"CASE WHEN {none} OR {_cell(f, 'lists', heading)} <> '' THEN 'true' END"


def _component(f: Fields, actor: Any) -> str:
    said = f.get("component", dict)
    wrong = sorted(set(said) - set(COMPONENT))
    if wrong or "name" not in said:
        raise ContentError(
            f"component has no {wrong[0]!r}" if wrong else "component lacks 'name'",
            f.place("component"),
            f"Known: {', '.join(COMPONENT)}.",
        )
    alone = {k: _cell(f, "component", h) for k, h in said.items() if k != "name"}
    picked = "".join(f", CASE WHEN len(names) = 1 THEN {c} END AS {k}" for k, c in alone.items())
    names = _items(
        f,
        "component",
        said["name"] if isinstance(said["name"], dict) else {"from": said["name"], "split": "\n"},
    )
    return (
        "SELECT record, 'model:' || name AS component_id, actor_id, 'model' AS type,"
        f" name{''.join(f', {k}' for k in alone)} FROM (SELECT record,"
        f" {_value(f, 'columns', 'actor_id', actor)} AS actor_id, unnest(names) AS name{picked}"
        f" FROM (SELECT *, list_filter({names}, lambda x: x <> '') AS names FROM raw) AS cut) AS"
        " named"
    )


def _credential(f: Fields, actor: Any) -> str:
    """One key a row; a row that says no more of it than the account's own name tells of none."""
    said = f.get("credential", dict)
    wrong = sorted(set(said) - set(CREDENTIAL))
    if wrong or "credential_id" not in said:
        raise ContentError(
            f"credential has no {wrong[0]!r}" if wrong else "credential lacks 'credential_id'",
            f.place("credential"),
            f"Known: {', '.join(CREDENTIAL)}.",
        )
    cells = {k: _value(f, "credential", k, v) for k, v in said.items()}
    own = said["credential_id"] == actor
    told = (
        [c for k, c in cells.items() if k != "credential_id"] if own else [cells["credential_id"]]
    )
    picked = ", ".join(f"{c} AS {k}" for k, c in cells.items())
    return (
        f"SELECT record, {_value(f, 'columns', 'actor_id', actor)} AS actor_id, {picked} FROM raw "
        f"WHERE {' OR '.join(f'{c} <> {quoted(str())}' for c in told) or 'FALSE'}"
    )


def _texts(f: Fields, key: str) -> list[str]:
    """A list of texts; [] where the mapping gives none."""
    texts = f.get(key, list, [])
    if not all(isinstance(t, str) for t in texts):
        raise ContentError(f"{key!r} must be a list of texts", f.place(key))
    return list(texts)


def _bare(f: Fields, key: str, heading: Any) -> str:
    """SQL: the text of a cell as it stands; '' where it is empty."""
    known = [*f.data["headings"], *_texts(f, "optional")]
    if not isinstance(heading, str) or heading not in known:
        raise ContentError(f"{heading!r} is none of the headings", f.place(key))
    pointer = "/" + heading.replace("~", "~0").replace("/", "~1")
    read = f"r ->> {quoted(pointer)}"
    if "." in heading:
        read = f"coalesce({read}, r ->> {quoted(pointer.replace('.', '/', 1))})"
    return f"trim({read}, {quoted(BLANK)})"


def _cell(f: Fields, key: str, heading: Any) -> str:
    """SQL: the same, but for the words that say that nothing stands in it."""
    bare, empty = _bare(f, key, heading), _texts(f, "empty")
    if not empty:
        return bare
    words = quoted_list(sorted({t.lower() for t in empty}))
    return f"CASE WHEN list_contains({words}, lower({bare})) THEN '' ELSE {bare} END"


def _row(f: Fields) -> str:
    """SQL: the filled cells of a row as one text."""
    cells = ", ".join(f"nullif({_bare(f, 'headings', h)}, '')" for h in f.data["headings"])
    return f"concat_ws(' ', {cells})"


def _value(f: Fields, key: str, name: str, said: Any) -> str:
    """SQL: a cell, or several joined, its words exchanged or its date rewritten as the mapping
    says.
    """
    if not isinstance(said, dict):
        return _cell(f, key, said)
    wrong = sorted(set(said) - {"from", "else", "values", "date"})
    if wrong:
        raise ContentError(
            f"{name}: unknown key {wrong[0]!r}", f.place(key), "Known: from, else, values, date."
        )
    parts = said.get("from")
    cells = [_cell(f, key, h) for h in (parts if isinstance(parts, list) else [parts])]
    cell = (
        cells[0]
        if len(cells) == 1
        else f"concat_ws(' / ', {', '.join(f'nullif({c}, {quoted(str())})' for c in cells)})"
    )
    if "else" in said:
        cell = f"coalesce(nullif({cell}, ''), {_cell(f, key, said['else'])})"
    if "date" in said:
        if name not in _TIMES:
            raise ContentError(f"{name} is no time", f.place(key))
        return f"coalesce(strftime({_date(cell, said['date'])}, '%Y-%m-%dT%H:%M:%SZ'), {cell})"
    swaps = " ".join(
        f"WHEN {quoted(str(k).lower())} THEN {quoted(str(v))}"
        for k, v in said.get("values", {}).items()
    )
    return f"CASE lower({cell}) {swaps} ELSE {cell} END" if swaps else cell


def _date(cell: str, form: Any) -> str:
    """SQL: a time as one of the forms writes it; one of the year 24 was not written with its
    century.
    """
    if isinstance(form, str) and form in _DATES:
        return _DATES[form].format(cell)
    forms = [str(x) for x in form] if isinstance(form, list) else [str(form)]
    tried = (f"try_strptime({cell}, {quoted(x)})" for x in forms)
    return f"coalesce({', '.join(f'CASE WHEN {t} >= {_OLDEST} THEN {t} END' for t in tried)})"
