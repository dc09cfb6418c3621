"""Files to tables of cells. In: a file of any format that holds a mapping. Out: its tables, each
cell a text or a list of texts, and what could not be read.

Trees (YAML, JSON, OSCAL) become tables too: a record inside a record has the cells of both.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from reporter.content.yaml import parse_yaml_all
from reporter.errors import InputError
from reporter.ingest.readers.files import (
    BOOKS,
    DAMAGE,
    InputFile,
    LastRead,
    TooLarge,
    sniff,
    whole,
)
from reporter.ingest.readers.records import Document, Item, Note, Problem
from reporter.ingest.readers.tabular import csv_rows, sheet_rows, sheets
from reporter.model.sentences import message_of
from reporter.schema.columns import LARGEST
from reporter.system.plain_text import why_unread

MOST = 1 << 26
"""Bytes of a JSON or YAML file: no mapping has a hundredth of them."""
MOST_YAML = 1 << 24
DEEPEST = 60
"""Records inside records."""
KEY, VALUE, STRENGTH = "key", "value", "strength"
"""Headings of what stands in the keys and values of a tree."""
COLLECTION = "mapping-collection"
"""The root of a control mapping in OSCAL 1.2."""
_SIDES = (("source", "sources"), ("target", "targets"))

Cell = str | list[str]
IsKey = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Row:
    """One row: where it stands, and its cells by heading."""

    place: str
    """A line number, or `#` and a JSON pointer."""
    cells: dict[str, Cell]


@dataclass(slots=True)
class Table:
    """Rows of one form."""

    name: str
    """The sheet, or the path of the records in a tree; '' where there is only one."""
    rows: list[Row] = field(default_factory=list)
    inherited: frozenset[str] = frozenset()
    """Headings of records around these."""

    @property
    def headings(self) -> list[str]:
        """The headings of all rows, in the order in which they come."""
        return list(dict.fromkeys(h for row in self.rows for h in row.cells))


@dataclass(slots=True)
class Reading:
    """What a file gave."""

    format: str
    tables: list[Table] = field(default_factory=list)
    rejected: list[tuple[str, str]] = field(default_factory=list)
    """Place and reason of each row that could not be read."""
    notes: list[str] = field(default_factory=list)


def read(path: Path, is_id: IsKey, is_strength: IsKey) -> Reading:
    """Read the tables of a file. `is_id`, `is_strength`: whether a key of a tree is one.

    Raises InputError where nothing of it can be read.
    """
    if not path.is_file():
        raise InputError("is not a readable file", str(path), "Give one file of a mapping.")
    file = sniff(path, path.name)
    readers: dict[str, Callable[[], Reading]] = {
        "csv": lambda: _tabular("csv", [("", csv_rows(file))]),
        "yaml": lambda: _trees(file, _yaml(file), is_id, is_strength),
        "json": lambda: _trees(file, _json(file), is_id, is_strength),
        "jsonl": lambda: _json_lines(file, is_id, is_strength),
        **{book: lambda: _book(file) for book in BOOKS},
    }
    if file.format == "empty" and file.why:  # `{"ASI01": []}` would be an answer without records
        file = replace(file, format="json")
    if file.format not in readers:
        why = str(file.why) if file.why else f"is {file.format}"
        hint = "Give the mapping as CSV, XLSX, YAML, JSON or an OSCAL mapping collection."
        raise InputError(f"no mapping can be read from it: {why}", str(path), hint)
    try:
        return readers[file.format]()
    except TooLarge as error:
        raise InputError(message_of(error).__str__(), str(path), "Split it.") from error
    except UnicodeError as error:
        hint = "Save it as UTF-8."
        raise InputError(f"its text cannot be decoded: {error}", str(path), hint) from error
    except DAMAGE as error:
        raise InputError(f"is damaged: {error}", str(path)) from error


def _tabular(kind: str, parts: Iterable[tuple[str, Iterable[Item]]]) -> Reading:
    reading = Reading(kind)
    for name, items in parts:
        table = Table(name)
        sheet = f"{name}!" if name else ""
        for item in items:
            if isinstance(item, Document):
                cells = {str(h): c for h, c in item.value.items() if c and c.strip()}
                table.rows.append(Row(f"{sheet}{item.line}", cells))
            elif isinstance(item, Problem):
                reading.rejected.append((f"{sheet}{item.line}", str(item.reason)))
            elif isinstance(item, Note):
                reading.notes.append(str(item.reason))
        reading.tables.append(table)
    return reading


def _book(file: InputFile) -> Reading:
    last_read = LastRead()
    names = sheets(file) or [""]
    parts = [(n if len(names) > 1 else "", replace(file, part=n)) for n in names]
    return _tabular(file.format, [(n, sheet_rows(f, last_read)) for n, f in parts])


def _yaml(file: InputFile) -> list[Any]:
    text = whole(file, MOST_YAML).decode(file.encoding)
    return [_as_json(d) for d in parse_yaml_all(text, str(file.path)) if d is not None]


def _as_json(value: Any) -> Any:
    """Return what YAML holds with every key a text; dates and numbers are texts in cells anyway."""
    if isinstance(value, dict):
        return {str(k): _as_json(v) for k, v in value.items()}
    return [_as_json(v) for v in value] if isinstance(value, list) else value


def _json(file: InputFile) -> list[Any]:
    text = whole(file, MOST).decode(file.encoding)
    try:
        return [json.loads(text, object_pairs_hook=_no_twice)]
    except json.JSONDecodeError as error:
        place = f"{file.path}:{error.lineno}"
        raise InputError(f"invalid JSON: {error.msg}", place) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"invalid JSON: {why_unread(error)}", str(file.path)) from error


def _no_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a key given twice: of two mappings under one id a reader would keep one."""
    result = dict(pairs)
    if len(result) < len(pairs):
        keys = [k for k, _ in pairs]
        twice = next(k for k in keys if keys.count(k) > 1)
        raise ValueError(f"the key {twice[:60]!r} appears twice in one object")
    return result


def _json_lines(file: InputFile, is_id: IsKey, is_strength: IsKey) -> Reading:
    values: list[tuple[str, Any]] = []
    rejected = []
    lines = whole(file, MOST).decode(file.encoding).splitlines()
    for number, line in enumerate(lines, 1):
        try:
            if line.strip():
                values.append((str(number), json.loads(line, object_pairs_hook=_no_twice)))
        except (ValueError, RecursionError) as error:
            rejected.append((str(number), f"no JSON: {why_unread(error)}"))
    reading = _tables_of(values, is_id, is_strength)
    reading.format = "jsonl"
    reading.rejected += rejected
    return reading


def _trees(file: InputFile, values: list[Any], is_id: IsKey, is_strength: IsKey) -> Reading:
    reading = Reading(file.format)
    collections = [_collection(v[COLLECTION]) for v in values if _is_collection(v)]
    if collections:
        reading.format = f"OSCAL {COLLECTION}"
        for tables, rejected in collections:
            reading.tables += tables
            reading.rejected += rejected
        return reading
    several = len(values) > 1
    placed = [(f"{n}#" if several else "#", v) for n, v in enumerate(values, 1)]
    reading = _tables_of(placed, is_id, is_strength)
    reading.format = file.format
    return reading


# ---------------------------------------------------------------- trees


def _tables_of(values: Iterable[tuple[str, Any]], is_id: IsKey, is_strength: IsKey) -> Reading:
    """Turn trees into tables: the records of one path are one."""
    tables: dict[str, Table] = {}
    reading = Reading("")
    tree = _Tree(is_id, is_strength, reading.rejected)
    for place, value in values:
        at = place if "#" in place else f"{place}#"
        for path, row, inherited in tree.rows(value, at, "", _Around()):
            table = tables.setdefault(path, Table(path))
            table.rows.append(row)
            table.inherited |= inherited
    reading.tables = list(tables.values())
    return reading


@dataclass(frozen=True, slots=True)
class _Around:
    """What the records around one hold."""

    cells: dict[str, Cell] = field(default_factory=dict)
    inherited: frozenset[str] = frozenset()
    """Headings of records further out than the list that the row stands in."""
    depth: int = 0

    def inside(self, cells: Mapping[str, Cell], inherited: frozenset[str]) -> _Around:
        return _Around({**self.cells, **cells}, self.inherited | inherited, self.depth + 1)


@dataclass(slots=True)
class _Tree:
    is_id: IsKey
    is_strength: IsKey
    rejected: list[tuple[str, str]]

    def rows(
        self, value: Any, place: str, path: str, around: _Around
    ) -> Iterator[tuple[str, Row, frozenset[str]]]:
        """Yield the innermost records of a value with the cells of the records around them."""
        if around.depth > DEEPEST:
            self.rejected.append((place, f"nested in more than {DEEPEST} records"))
        elif isinstance(value, dict):
            yield from self._record(value, place, path, around)
        elif _holds_records(value):
            for n, item in enumerate(value):
                yield from self.rows(item, f"{place}/{n}", path, around.inside({}, frozenset()))
        else:
            cells = {**around.cells, _join(path, VALUE): _cell(value)}
            yield path, Row(place, _filled(cells)), around.inherited

    def _record(
        self, record: dict[str, Any], place: str, path: str, around: _Around
    ) -> Iterator[tuple[str, Row, frozenset[str]]]:
        if keyed := self._heading_of_keys(record):
            for key, value in record.items():
                below = around.inside({_join(path, keyed): key}, frozenset())
                yield from self.rows(value, f"{place}/{_escaped(key)}", _join(path, "*"), below)
            return
        cells: dict[str, Cell] = {}
        inner = []
        for name, value in self._flat(record, ""):
            if _holds_records(value) or isinstance(value, dict):
                inner.append((name, value))
            else:
                cells[_join(path, name)] = _cell(value)
        if not inner:
            yield path, Row(place, _filled({**around.cells, **cells})), around.inherited
        below = around.inside(cells, frozenset({*around.cells, *cells}))
        for name, value in inner:
            at = f"{place}/{'/'.join(map(_escaped, name.split(SEPARATOR)))}"
            yield from self.rows(value, at, _join(path, name), below)

    def _flat(self, record: dict[str, Any], before: str) -> Iterator[tuple[str, Any]]:
        """Yield the values of a record; those of an ordinary object inside it under its name."""
        for key, value in record.items():
            name = f"{before}{key}"
            if isinstance(value, dict) and value and not self._heading_of_keys(value):
                yield from (
                    self._flat(value, f"{name}{SEPARATOR}")
                    if before.count(SEPARATOR) < DEEPEST
                    else [(name, value)]
                )
            else:
                yield name, value

    def _heading_of_keys(self, record: dict[str, Any]) -> str:
        """Say what the keys of an object are, where they are ids or strengths; else ''."""
        keys = list(record)
        if keys and all(self.is_strength(k) for k in keys):
            return STRENGTH
        return KEY if keys and 2 * sum(self.is_id(k) for k in keys) > len(keys) else ""


SEPARATOR = "\x1f"
"""Between the names of keys inside one another, until they are printed."""


def _join(path: str, name: str) -> str:
    return f"{path}.{name}".replace(SEPARATOR, ".").lstrip(".")


def _escaped(key: str) -> str:
    """Return a key as a step of a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1")


def _holds_records(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(v, dict | list) for v in value)


def _cell(value: Any) -> Cell:
    if isinstance(value, list):
        return [c for v in value if (c := _text(v))]
    return _text(value)


def _text(value: Any) -> str:
    if value is None or isinstance(value, dict | list):
        return ""
    if isinstance(value, int) and abs(value) > LARGEST:  # Python prints no number of any length
        return hex(value)[:40]
    return value if isinstance(value, str) else str(value)


def _filled(cells: Mapping[str, Cell]) -> dict[str, Cell]:
    return {h: c for h, c in cells.items() if c}


# ---------------------------------------------------------------- OSCAL


def _is_collection(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get(COLLECTION), dict)


def _collection(root: dict[str, Any]) -> tuple[list[Table], list[tuple[str, str]]]:
    """Turn an OSCAL mapping collection into one table a mapping, and name what is none."""
    titles = _resources(root)
    tables, rejected = [], []
    for n, mapping in enumerate(_listed(root.get("mappings") or root.get("mapping"))):
        place = f"#/{COLLECTION}/mappings/{n}"
        table = Table(f"mappings/{n}")
        if not isinstance(mapping, dict):
            rejected.append((place, "no mapping"))
            continue
        sides = {side: _resource(mapping.get(f"{side}-resource"), titles) for side, _ in _SIDES}
        for m, entry in enumerate(_listed(mapping.get("maps") or mapping.get("map"))):
            at = f"{place}/maps/{m}"
            if not isinstance(entry, dict):
                rejected.append((at, "no map"))
                continue
            cells: dict[str, Cell] = {
                STRENGTH: _property(entry, STRENGTH),
                "relationship": _relationship(entry.get("relationship")),
            }
            for side, key in _SIDES:
                cells[f"{side} framework"] = sides[side]
                items = _listed(entry.get(key))
                refs = [i.get("id-ref") if isinstance(i, dict) else i for i in items]
                cells[f"{side} id"] = [r for r in refs if isinstance(r, str) and r]
            table.rows.append(Row(at, _filled(cells)))
        tables.append(table)
    return tables, rejected


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _resources(root: dict[str, Any]) -> dict[str, str]:
    """Return the titles of the resources in the back matter, by `#` and their id."""
    matter = root.get("back-matter")
    resources = _listed(matter.get("resources")) if isinstance(matter, dict) else []
    return {
        f"#{r['uuid']}": f"{_text(r.get('title'))} {_text(r.get('description'))}".strip()
        for r in resources
        if isinstance(r, dict) and isinstance(r.get("uuid"), str)
    }


def _resource(value: Any, titles: Mapping[str, str]) -> str:
    """Return what names the list of one side: titles, addresses and properties."""
    if not isinstance(value, dict):
        return ""
    href = _text(value.get("href"))
    props = [p for p in _listed(value.get("props")) if isinstance(p, dict)]
    words = [titles.get(href, href), *(_text(p.get("value")) for p in props)]
    return " ".join([*words, _text(value.get("title")), _text(value.get("remarks"))]).strip()


def _property(entry: Mapping[str, Any], name: str) -> str:
    """Return the value of a property of a map; '' where it has none of that name."""
    props = [p for p in _listed(entry.get("props")) if isinstance(p, dict)]
    return next((_text(p.get("value")) for p in props if p.get("name") == name), "")


def _relationship(value: Any) -> str:
    """Return the relationship; some drafts of the model wrote it as an object."""
    if isinstance(value, dict):
        return _text(value.get("type") or value.get("value"))
    return _text(value)
