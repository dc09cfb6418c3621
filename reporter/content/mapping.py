"""A table of the user's own, read by a mapping. In: a mapping file. Out: a Source, as if somebody
had written it.

A mapping names headings, never SQL; docs/formats.md describes it and `reporter map` proposes one.
Of a register each row is an actor; of a log (`kind: event`) each row is an event.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

from reporter.content.loader import validated_source
from reporter.content.yaml import Fields, fields
from reporter.engine.base import quoted, quoted_list
from reporter.errors import ContentError, Errors
from reporter.model.source import Source
from reporter.privacy.synonyms import may_be_secret
from reporter.schema.columns import TIME
from reporter.schema.tables import TABLES, columns_of
from reporter.schema.vocabulary import SYNONYMS, VOCABULARY

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
    "log_source",
    "event_class",
    "actor_kind",
    "columns",
    "lists",
    "component",
    "credential",
    "empty",
    "left_out",
    "not_mapped",
)
EVENT = "event"
"""The kind of a log: each row is an event."""
OF_A_LOG = ("log_source", "event_class", "actor_kind")
"""Keys that only a log has; each is one word for all rows, or a column."""
CLASSES = ("tool", "data", "model", "session", "admin", "auth", "heartbeat")
"""Classes of events."""
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
_ACTORS = [n for n, _ in columns_of(TABLES["actors"]) if n not in ("kind", "form")]
EVENTS = [n for n, _ in columns_of(TABLES["events"]) if n not in (*OF_A_LOG, "hash_holds")]
"""Columns that a row of a log may say."""
WHO = ("actor_id", "principal_id", "credential_id")
"""Columns of which a log must give one: who acted."""
NUMBERS = {
    "excel": ("({} - 25569) * 86400000000", ""),
    "epoch": ("{} * 1000000", "Z"),
    "epoch_ms": ("{} * 1000", "Z"),
    "epoch_us": ("{}", "Z"),
    "epoch_ns": ("{} / 1000", "Z"),
}
"""Times of a log written as one number: its microseconds since 1970, and its zone. A spreadsheet
knows no zone.
"""
_ZONES = ("GMT", "UTC", "Z")
_LATEST = 4_102_444_800_000_000
_TIMES = {
    c.name for t in ("actors", "credentials", "events") for c in TABLES[t].columns if c.type == TIME
}
_HUNDREDS = re.compile(r"[1-5]xx")
"""Words of a status: `4xx` stands for all of 400 to 499 that are not named."""
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OURS = ("record", "sample_line")
"""Columns that the engine adds to the fields of a record."""
_LAST_OF_ALL = 1000
"""Rank of logs of the user's own: where a source of ours knows a file as well, it is that one's."""


def with_mappings(sources: tuple[Source, ...], workspace: Path) -> tuple[Source, ...]:
    """Return the sources and one more for each mapping of a workspace, whose SQL is ours and
    validated like that of others.

    Raises Errors with all that is wrong; ContentError where two mappings have one name.
    """
    ids = {s.id for s in sources}
    mappings = []
    folder = workspace / FOLDER
    paths = [*folder.iterdir()] if folder.is_dir() else []
    for path in sorted(p for p in paths if p.suffix == ".yml"):
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
    kind = mapping.data.get("kind")
    if kind == EVENT:
        return _log(mapping, path, headings)
    if of_a_log := [k for k in OF_A_LOG if k in mapping.data]:
        raise ContentError(
            f"{of_a_log[0]!r} belongs to a log",
            mapping.place(of_a_log[0]),
            f"`kind: {EVENT}` says that each row is an event.",
        )
    columns = mapping.get("columns", dict, {} if kind == NOTHING else ...)
    if "actor_id" not in columns and kind != NOTHING:
        raise ContentError(
            "no column gives actor_id",
            mapping.place("columns"),
            "Name the heading that tells one row from all others.",
        )
    return _source(
        mapping,
        path,
        _when(headings),
        {} if kind == NOTHING else _tables(mapping, columns),
        -len(headings),
    )


def _source(
    mapping: Fields, path: Path, when: str, tables: dict[str, Any], rank: int, **more: Any
) -> Source:
    left_out = _texts(mapping, "left_out")
    is_none = mapping.data.get("kind") == NOTHING
    return Source(
        id=mapping.get("map", str),
        title=f"the table mapped by {path.name}",
        describe="",
        when=when,
        records=("",),
        texts=(),
        lists=(),
        together=False,
        tables=tables,
        skip=f"list_contains({quoted_list(left_out)}, {_row(mapping)})" if left_out else "FALSE",
        type_of="'left out by the mapping'" if left_out or is_none else "NULL",
        place=mapping.place("columns"),
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        rank=rank,
        **{"columns": {}, "may_lack": (), **more},
    )


def _log(mapping: Fields, path: Path, headings: list[str]) -> Source:
    """A source of events. Where its fields are plain, the engine reads a large file directly."""
    columns = mapping.get("columns", dict)
    of_registers = [k for k in ("lists", "component", "credential") if k in mapping.data]
    if of_registers:
        raise ContentError(f"a log has no {of_registers[0]!r}", mapping.place(of_registers[0]))
    missing_names = [n for n in ("occurred_at", "action") if n not in columns]
    missing_names += ["actor_id"] if not any(n in columns for n in WHO) else []
    if missing_names:
        raise ContentError(
            f"no column gives {missing_names[0]}",
            mapping.place("columns"),
            f"A log says when (occurred_at), who ({', '.join(WHO)}) and what (action).",
        )
    has_outcome = "outcome" in columns
    of_rows = [e for k in OF_A_LOG if isinstance(e := mapping.data.get(k), dict)]
    used = list(dict.fromkeys(headings_of([*columns.values(), *of_rows])))
    names_secret = any(may_be_secret(h) or may_be_secret(h.rsplit(".", 1)[-1]) for h in used)
    is_flat = (
        has_outcome
        and not names_secret
        and not _texts(mapping, "left_out")
        and all(_PLAIN.fullmatch(h) and h.lower() not in _OURS for h in used)
        and len({h.lower() for h in used}) == len(used)
    )
    return _source(
        mapping,
        path,
        _when_log(headings),
        {"events": _events(mapping, columns, is_flat)},
        _LAST_OF_ALL - len(headings),
        columns=dict.fromkeys(used, "VARCHAR") if is_flat else {},
        may_lack=() if has_outcome else ("outcome",),
        must_have=("action",),
        may_read_secrets=names_secret,
        evidence="observed",
    )


def headings_of(entries: list[Any]) -> list[str]:
    """The headings that some entries read; what else is wrong with them is told where they are
    used.
    """
    parts = []
    for entry in entries:
        if isinstance(entry, dict):
            from_ = entry.get("from")
            parts += [*(from_ if isinstance(from_, list) else [from_]), entry.get("else")]
        else:
            parts.append(entry)
    return [p for p in parts if isinstance(p, str)]


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


def _when_log(headings: list[str]) -> str:
    """SQL: a record has three of four headings, as columns or as keys below one another: a record
    of a log need not have every key.
    """
    flat_paths, deep_paths = ([_pointers(h)[i] for h in headings] for i in (0, -1))
    conditions = [
        f"list_count(json_type(r, {quoted_list(paths)})) * 4 >= {3 * len(headings)}"
        for paths in dict.fromkeys(map(tuple, (flat_paths, deep_paths)))
    ]
    return f"({' OR '.join(conditions)})"


def _events(mapping: Fields, columns: dict[str, Any], is_flat: bool) -> str:
    selections = []
    for name, entry in columns.items():
        if name not in EVENTS:
            hint = (
                f"It is a key beside `columns`: {name}: ..."
                if name in OF_A_LOG
                else "`reporter lint --tables` lists them."
            )
            raise ContentError(f"an event has no column {name!r}", mapping.place("columns"), hint)
        selections.append(f"{_value(mapping, 'columns', name, entry, is_flat)} AS {name}")
    name = mapping.get("log_source", (str, dict), mapping.get("map", str))
    source = quoted(name) if isinstance(name, str) else quoted(mapping.get("map", str))
    if isinstance(name, dict):
        cell = _value(mapping, "log_source", "log_source", name, is_flat)
        source = f"coalesce(nullif({cell}, ''), {source})"
    selections.append(f"{source} AS log_source")
    for key, words in (("event_class", CLASSES), ("actor_kind", VOCABULARY["events.actor_kind"])):
        if key not in mapping.data:
            continue
        entry = mapping.get(key, (str, dict))
        value = quoted(entry) if isinstance(entry, str) else ""
        if isinstance(entry, str) and entry not in words:
            raise ContentError(
                f"{key} {entry!r} is not one of {', '.join(words)}",
                mapping.place(key),
                f"A column of words: {key}: {{from: HEADING}}.",
            )
        value = value or _value(mapping, key, key, entry, is_flat)
        selections.append(f"{value} AS {key}")
    return f"SELECT record, {', '.join(selections)} FROM raw"


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
            f"kind {kind!r} is not one of {', '.join((*kinds, NOTHING))}", mapping.place("kind")
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


def _bare(mapping: Fields, key: str, heading: Any, is_flat: bool = False) -> str:
    """SQL: the text of a cell as it stands; '' where it is empty. Flat records have columns."""
    headings = [*mapping.data["headings"], *_texts(mapping, "optional")]
    if not isinstance(heading, str) or heading not in headings:
        raise ContentError(f"{heading!r} is not one of the headings", mapping.place(key))
    if is_flat:
        return f'trim("{heading}", {quoted(BLANK)})'
    values = [f"r ->> {quoted(p)}" for p in _pointers(heading)]
    value_sql = values[0] if len(values) == 1 else f"coalesce({', '.join(values)})"
    return f"trim({value_sql}, {quoted(BLANK)})"


def _pointers(heading: str) -> list[str]:
    """Where a dotted heading may stand: as a key of that name, as one below another, or with every
    dot a step down.
    """
    pointer = "/" + heading.replace("~", "~0").replace("/", "~1")
    return list(dict.fromkeys([pointer, pointer.replace(".", "/", 1), pointer.replace(".", "/")]))


def _cell(mapping: Fields, key: str, heading: Any, is_flat: bool = False) -> str:
    """SQL: the text of a cell, but '' where it holds only a word for "nothing"."""
    bare_text, empty_words = _bare(mapping, key, heading, is_flat), _texts(mapping, "empty")
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


def _value(mapping: Fields, key: str, name: str, entry: Any, is_flat: bool = False) -> str:
    """SQL: a cell or several joined, with words exchanged or a date rewritten as the mapping
    says.
    """
    if not isinstance(entry, dict):
        return _cell(mapping, key, entry, is_flat)
    unknown_keys = sorted(set(entry) - {"from", "else", "values", "date"})
    if unknown_keys:
        raise ContentError(
            f"{name}: unknown key {unknown_keys[0]!r}",
            mapping.place(key),
            "Known: from, else, values, date.",
        )
    parts = entry.get("from")
    headings = parts if isinstance(parts, list) else [parts]
    cells = [_cell(mapping, key, h, is_flat) for h in headings]
    cell = (
        cells[0]
        if len(cells) == 1
        else f"concat_ws(' / ', {', '.join(f'nullif({c}, {quoted(str())})' for c in cells)})"
    )
    if "else" in entry:
        cell = f"coalesce(nullif({cell}, ''), {_cell(mapping, key, entry['else'], is_flat)})"
    if "date" in entry:
        if name not in _TIMES:
            raise ContentError(f"{name} is not a time", mapping.place(key))
        if mapping.data.get("kind") == EVENT:
            return f"coalesce({_moment(cell, entry['date'])}, {cell})"
        return f"coalesce(strftime({_date(cell, entry['date'])}, '%Y-%m-%dT%H:%M:%SZ'), {cell})"
    swaps = entry.get("values", {})
    if mapping.data.get("kind") == EVENT:
        return _exchanged(mapping, key, name, cell, swaps)
    swaps_sql = _swaps(swaps)
    return f"CASE lower({cell}) {swaps_sql} ELSE {cell} END" if swaps_sql else cell


def _swaps(values: dict[Any, Any]) -> str:
    return " ".join(
        f"WHEN {quoted(str(k).lower())} THEN {quoted(str(v))}" for k, v in values.items()
    )


def _exchanged(mapping: Fields, key: str, name: str, cell: str, values: dict[Any, Any]) -> str:
    """SQL: a word of a log, exchanged; `4xx` stands for what no other word names. Raises
    ContentError where a word is none of the column's.
    """
    words = VOCABULARY.get(f"events.{name}") or (CLASSES if name == "event_class" else ())
    for word in map(str, values.values()) if words else ():
        if word and word.lower() not in words and word.lower() not in SYNONYMS.get(name, {}):
            raise ContentError(
                f"{name} {word!r} is not one of {', '.join(words)}", mapping.place(key)
            )
    by_code = {k: v for k, v in values.items() if _HUNDREDS.fullmatch(str(k).lower())}
    by_word = _swaps({k: v for k, v in values.items() if k not in by_code})
    codes = " ".join(
        f"WHEN regexp_matches({cell}, '^{str(k)[0]}[0-9][0-9]$') THEN {quoted(str(v))}"
        for k, v in by_code.items()
    )
    rest = f"CASE {codes} ELSE {cell} END" if codes else cell
    return f"CASE lower({cell}) {by_word} ELSE {rest} END" if by_word else rest


def _moment(cell: str, form: Any) -> str:
    """SQL: the time of an event as a text in ISO form, to the microsecond; without a zone where the
    log gives none.
    """
    attempts = []
    for text in map(str, form if isinstance(form, list) else [form]):
        if text in NUMBERS:
            count, zone = NUMBERS[text]
            sum_sql = count.format(f"TRY_CAST({cell} AS DOUBLE)")
            time = f"make_timestamp(TRY_CAST(round({sum_sql}) AS BIGINT))"
            condition = f"{sum_sql} BETWEEN 0 AND {_LATEST}"
        else:
            zone = "Z" if "%z" in text or text.endswith(_ZONES) else ""
            time = f"CAST(try_strptime({cell}, {quoted(text)}) AS TIMESTAMP)"
            condition = f"{time} >= {_OLDEST}"
        attempts.append(
            f"CASE WHEN {condition} THEN concat(strftime({time}, '%Y-%m-%dT%H:%M:%S.%f'),"
            f" {quoted(zone)}) END"
        )
    return f"coalesce({', '.join(attempts)})" if len(attempts) > 1 else attempts[0]


def _date(cell: str, form: Any) -> str:
    """SQL: a time in one of the given forms. A year before 1900 means the form lacks the century,
    and is rejected.
    """
    if isinstance(form, str) and form in _DATES:
        return _DATES[form].format(cell)
    forms = [str(x) for x in form] if isinstance(form, list) else [str(form)]
    attempts = (f"try_strptime({cell}, {quoted(x)})" for x in forms)
    return f"coalesce({', '.join(f'CASE WHEN {t} >= {_OLDEST} THEN {t} END' for t in attempts)})"
