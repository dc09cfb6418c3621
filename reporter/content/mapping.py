"""A table of the user's own, read by a mapping. In: a mapping file. Out: a Source, as if somebody
had written it.

A mapping names headings, never SQL; docs/formats.md describes it and `reporter map` proposes one.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from reporter.content.loader import validated_source
from reporter.content.yaml import Fields, fields
from reporter.engine.base import quoted, quoted_list
from reporter.errors import ContentError, Errors
from reporter.model.source import Source
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
    ids = {s.id for s in sources}
    mappings = []
    for path in sorted((workspace / FOLDER).glob("*.yml")):
        source = read_mapping(path)
        source, problems = validated_source(source)
        if problems:
            raise Errors(problems)
        if source.id in ids:
            raise ContentError(f"there is a source {source.id!r} already", source.place)
        ids.add(source.id)
        mappings.append(source)
    return (*sources, *mappings)


def read_mapping(path: Path) -> Source:
    """Read one mapping file; raise ContentError with path:line."""
    mapping = fields(path)
    mapping.only(*KEYS)
    headings = mapping.get("headings", list)
    if not headings or not all(isinstance(h, str) and h for h in headings):
        raise ContentError("'headings' must be a list of texts", mapping.place("headings"))
    is_none = mapping.data.get("kind") == NOTHING
    columns = mapping.get("columns", dict, {} if is_none else ...)
    if "actor_id" not in columns and not is_none:
        raise ContentError(
            "no column gives actor_id",
            mapping.place("columns"),
            "Name the heading that tells one row from all others.",
        )
    left_out = _texts(mapping, "left_out")
    return Source(
        id=mapping.get("map", str),
        title=f"the table mapped by {path.name}",
        describe="",
        when=_when(headings),
        records=("",),
        columns={},
        texts=(),
        lists=(),
        may_lack=(),
        together=False,
        tables={} if is_none else _tables(mapping, columns),
        skip=f"list_contains({quoted_list(left_out)}, {_row(mapping)})" if left_out else "FALSE",
        type_of="'left out by the mapping'" if left_out or is_none else "NULL",
        place=mapping.place("columns"),
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        rank=-len(headings),
    )


def _tables(mapping: Fields, columns: dict[str, Any]) -> dict[str, Any]:
    """SQL of each table that the mapping fills."""
    tables = {"actors": _actors(mapping, columns)}
    lists = mapping.get("lists", dict, {})
    if lists:
        tables["grants"] = _grants(mapping, lists, columns["actor_id"])
    if "component" in mapping.data:
        tables["components"] = _component(mapping, columns["actor_id"])
    if "credential" in mapping.data:
        tables["credentials"] = _credential(mapping, columns["actor_id"])
    return tables


def _when(headings: list[str]) -> str:
    """SQL: a record has all the headings; a dotted one is a key of that name, or one below
    another.
    """
    dotted_conditions = [
        f"list_has_any(json_keys(r), {quoted_list([h, h.split('.')[0]])})"
        for h in headings
        if "." in h
    ]
    plain_headings = quoted_list([h for h in headings if "." not in h])
    return " AND ".join([f"list_has_all(json_keys(r), {plain_headings})", *dotted_conditions])


def _actors(mapping: Fields, columns: dict[str, Any]) -> str:
    selections = []
    for name, entry in columns.items():
        if name not in _ACTORS:
            raise ContentError(
                f"an actor has no column {name!r}",
                mapping.place("columns"),
                "`reporter lint --tables` lists them.",
            )
        selections.append(f"{_value(mapping, 'columns', name, entry)} AS {name}")
    kind = mapping.get("kind", (str, dict))
    kinds = VOCABULARY["actors.kind"]
    if isinstance(kind, str) and kind not in kinds:
        raise ContentError(
            f"kind {kind!r} is none of {', '.join((*kinds, NOTHING))}", mapping.place("kind")
        )
    kind_sql = quoted(kind) if isinstance(kind, str) else _value(mapping, "kind", "kind", kind)
    lists = mapping.get("lists", dict, {})
    flags = [
        f"{_listed(mapping, lists[key])} AS {flag}"
        for key, flag in (
            ("tools", "tools_listed"),
            ("data_sources", "data_listed"),
            ("entitlements", "entitlements_listed"),
        )
        if key in lists and flag not in columns
    ]
    return f"SELECT record, {kind_sql} AS kind, {', '.join([*selections, *flags])} FROM raw"


def _grants(mapping: Fields, lists: dict[str, Any], actor: Any) -> str:
    parts = []
    for name, entry in lists.items():
        if name not in LISTS:
            raise ContentError(
                f"no list {name!r}", mapping.place("lists"), f"Known: {', '.join(LISTS)}."
            )
        parts.append(
            f"SELECT record, {_value(mapping, 'columns', 'actor_id', actor)} AS actor_id,"
            f" {quoted(LISTS[name])} AS type, unnest({_items(mapping, 'lists', entry)}) AS name"
            " FROM raw"
        )
    return f"SELECT * FROM ({' UNION ALL '.join(parts)}) AS listed WHERE name <> ''"


def _items(mapping: Fields, key: str, entry: Any) -> str:
    """SQL: the parts of a cell, or the items of a JSON list, without those that say none."""
    heading, split = (
        (entry, ";") if isinstance(entry, str) else (entry.get("from"), entry.get("split", ";"))
    )
    cell, sign = _cell(mapping, key, heading), quoted(split)
    pieces = (
        f"list_transform(string_split(replace({cell}, chr(10), {sign}), {sign}), lambda x: trim(x))"
    )
    items = (
        f"CASE WHEN json_valid({cell}) AND {cell} LIKE '[%' THEN list_transform(CAST(CAST({cell} AS"
        " JSON) AS JSON[]), lambda x: coalesce(x ->> '$.name', x ->> '$.id', x ->> '$')) ELSE"
        f" {pieces} END"
    )
    return f"list_filter({items}, lambda x: NOT list_contains({quoted_list(_NONE)}, lower(x)))"


def _listed(mapping: Fields, entry: Any) -> str:
    """SQL: 'true' where the cell lists something or states that there is nothing; an empty cell
    does not tell.
    """
    heading = entry if isinstance(entry, str) else entry.get("from")
    bare_text = _bare(mapping, "lists", heading)
    says_none = f"list_contains({quoted_list(_NONE)}, lower({bare_text}))"
    return f"CASE WHEN {says_none} OR {_cell(mapping, 'lists', heading)} <> '' THEN 'true' END"


def _component(mapping: Fields, actor: Any) -> str:
    component = mapping.get("component", dict)
    unknown_keys = sorted(set(component) - set(COMPONENT))
    if unknown_keys or "name" not in component:
        raise ContentError(
            f"component has no {unknown_keys[0]!r}" if unknown_keys else "component lacks 'name'",
            mapping.place("component"),
            f"Known: {', '.join(COMPONENT)}.",
        )
    single_cells = {k: _cell(mapping, "component", h) for k, h in component.items() if k != "name"}
    selections = "".join(
        f", CASE WHEN len(names) = 1 THEN {c} END AS {k}" for k, c in single_cells.items()
    )
    names = _items(
        mapping,
        "component",
        component["name"]
        if isinstance(component["name"], dict)
        else {"from": component["name"], "split": "\n"},
    )
    return (
        "SELECT record, 'model:' || name AS component_id, actor_id, 'model' AS type,"
        f" name{''.join(f', {k}' for k in single_cells)} FROM (SELECT record,"
        f" {_value(mapping, 'columns', 'actor_id', actor)} AS actor_id, unnest(names) AS"
        f" name{selections} FROM (SELECT *, list_filter({names}, lambda x: x <> '') AS names FROM"
        " raw) AS cut) AS named"
    )


def _credential(mapping: Fields, actor: Any) -> str:
    """One key per row; a row that holds only the account's own name describes no key."""
    credential = mapping.get("credential", dict)
    unknown_keys = sorted(set(credential) - set(CREDENTIAL))
    if unknown_keys or "credential_id" not in credential:
        raise ContentError(
            f"credential has no {unknown_keys[0]!r}"
            if unknown_keys
            else "credential lacks 'credential_id'",
            mapping.place("credential"),
            f"Known: {', '.join(CREDENTIAL)}.",
        )
    cells = {k: _value(mapping, "credential", k, v) for k, v in credential.items()}
    is_own_name = credential["credential_id"] == actor
    telling_cells = (
        [c for k, c in cells.items() if k != "credential_id"]
        if is_own_name
        else [cells["credential_id"]]
    )
    selections = ", ".join(f"{c} AS {k}" for k, c in cells.items())
    return (
        f"SELECT record, {_value(mapping, 'columns', 'actor_id', actor)} AS actor_id, {selections}"
        f" FROM raw WHERE"
        f" {' OR '.join(f'{c} <> {quoted(str())}' for c in telling_cells) or 'FALSE'}"
    )


def _texts(mapping: Fields, key: str) -> list[str]:
    """A list of texts; [] where the mapping gives none."""
    texts = mapping.get(key, list, [])
    if not all(isinstance(t, str) for t in texts):
        raise ContentError(f"{key!r} must be a list of texts", mapping.place(key))
    return list(texts)


def _bare(mapping: Fields, key: str, heading: Any) -> str:
    """SQL: the text of a cell as it stands; '' where it is empty."""
    headings = [*mapping.data["headings"], *_texts(mapping, "optional")]
    if not isinstance(heading, str) or heading not in headings:
        raise ContentError(f"{heading!r} is none of the headings", mapping.place(key))
    pointer = "/" + heading.replace("~", "~0").replace("/", "~1")
    value_sql = f"r ->> {quoted(pointer)}"
    if "." in heading:
        value_sql = f"coalesce({value_sql}, r ->> {quoted(pointer.replace('.', '/', 1))})"
    return f"trim({value_sql}, {quoted(BLANK)})"


def _cell(mapping: Fields, key: str, heading: Any) -> str:
    """SQL: the text of a cell, but '' where it holds only a word for "nothing"."""
    bare_text, empty_words = _bare(mapping, key, heading), _texts(mapping, "empty")
    if not empty_words:
        return bare_text
    words = quoted_list(sorted({t.lower() for t in empty_words}))
    return f"CASE WHEN list_contains({words}, lower({bare_text})) THEN '' ELSE {bare_text} END"


def _row(mapping: Fields) -> str:
    """SQL: the filled cells of a row as one text."""
    cells = ", ".join(
        f"nullif({_bare(mapping, 'headings', h)}, '')" for h in mapping.data["headings"]
    )
    return f"concat_ws(' ', {cells})"


def _value(mapping: Fields, key: str, name: str, entry: Any) -> str:
    """SQL: a cell or several joined, with words exchanged or a date rewritten as the mapping
    says.
    """
    if not isinstance(entry, dict):
        return _cell(mapping, key, entry)
    unknown_keys = sorted(set(entry) - {"from", "else", "values", "date"})
    if unknown_keys:
        raise ContentError(
            f"{name}: unknown key {unknown_keys[0]!r}",
            mapping.place(key),
            "Known: from, else, values, date.",
        )
    parts = entry.get("from")
    cells = [_cell(mapping, key, h) for h in (parts if isinstance(parts, list) else [parts])]
    cell = (
        cells[0]
        if len(cells) == 1
        else f"concat_ws(' / ', {', '.join(f'nullif({c}, {quoted(str())})' for c in cells)})"
    )
    if "else" in entry:
        cell = f"coalesce(nullif({cell}, ''), {_cell(mapping, key, entry['else'])})"
    if "date" in entry:
        if name not in _TIMES:
            raise ContentError(f"{name} is no time", mapping.place(key))
        return f"coalesce(strftime({_date(cell, entry['date'])}, '%Y-%m-%dT%H:%M:%SZ'), {cell})"
    swaps = " ".join(
        f"WHEN {quoted(str(k).lower())} THEN {quoted(str(v))}"
        for k, v in entry.get("values", {}).items()
    )
    return f"CASE lower({cell}) {swaps} ELSE {cell} END" if swaps else cell


def _date(cell: str, form: Any) -> str:
    """SQL: a time in one of the given forms. A year before 1900 means the form lacks the century,
    and is rejected.
    """
    if isinstance(form, str) and form in _DATES:
        return _DATES[form].format(cell)
    forms = [str(x) for x in form] if isinstance(form, list) else [str(form)]
    attempts = (f"try_strptime({cell}, {quoted(x)})" for x in forms)
    return f"coalesce({', '.join(f'CASE WHEN {t} >= {_OLDEST} THEN {t} END' for t in attempts)})"
