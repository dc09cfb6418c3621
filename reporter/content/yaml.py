"""YAML files, told by line. In: a path. Out: its values, and the line of each key for complaints.
Only this file imports yaml.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from reporter.errors import ContentError, InputError
from reporter.system.folders import content_dir
from reporter.system.plain_text import clean_lines, regular_bytes, why_unread

_TAG = "tag:yaml.org,2002:"
_USUAL = {_TAG + kind for kind in ("null", "bool", "int", "float", "timestamp")}
_DEEPEST = 100
_MAX_CAREFUL = 1 << 22
"""Characters of a YAML text with tags, anchors or merges: node by node takes eight times as long as
event by event.
"""


class _Unusual(Exception):
    """A text needs the slower reader: it holds a tag, an anchor, a merge, a key that is no scalar,
    or great depth.
    """


class _Loader(yaml.CSafeLoader):
    """Safe; a key given twice is an error instead of a surprise."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        times = Counter(k.value for k, _ in node.value if isinstance(k, yaml.ScalarNode))
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and times[key.value] > 1:
                raise _twice(key.value, key.start_mark)
        return super().construct_mapping(node, deep)


class _EvidenceLoader(_Loader):
    """What looks like a date and is none is a text, so that it costs its field and not the file."""


def _date_or_text(loader: Any, node: Any) -> Any:
    try:
        return loader.construct_yaml_timestamp(node)
    except ValueError:
        return node.value


_EvidenceLoader.add_constructor(f"{_TAG}timestamp", _date_or_text)


def _twice(key: str, mark: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=f"key {key!r} appears twice", problem_mark=mark)


def _documents(
    text: str, loader_class: type[_Loader] = _Loader
) -> list[tuple[Any, dict[str, int]]]:
    """Return every document of a YAML stream, and the line of each key of one that is a mapping.

    Plain texts, such as content and exports, are read from parser events; others node by node. Both
    give the same result.
    """
    try:
        return list(_plain(text, loader_class))
    except _Unusual:
        if len(text) > _MAX_CAREFUL:
            raise yaml.YAMLError(
                f"a text with tags, anchors or merges is read to {_MAX_CAREFUL >> 20} MB: write it"
                " without, or split it"
            ) from None
    _refuse_aliases(text)
    documents = []
    loader = loader_class(text)
    while loader.check_node():
        node = loader.get_node()
        pairs = node.value if isinstance(node, yaml.MappingNode) else ()
        lines = {k.value: k.start_mark.line + 1 for k, _ in pairs if isinstance(k, yaml.ScalarNode)}
        documents.append((loader.construct_document(node), lines))
    return documents


def _plain(
    text: str, loader_class: type[_Loader] = _Loader
) -> Iterator[tuple[Any, dict[str, int]]]:
    """Yield the documents of a text from its events, without a tree of nodes: this takes a fifth of
    the time.
    """
    scalars = _Scalars(loader_class)
    holders: list[tuple[Any, dict[str, Any] | None]] = []
    """Lists, and mappings with where their keys stand: those that the event stands in."""
    keys: list[Any] = []
    event: Any
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        kind = type(event)
        if kind in _ENDS:
            value, marks = holders.pop()
            if marks is not None:
                keys.pop()
        elif kind in _NO_VALUES:
            continue
        elif kind is yaml.AliasEvent or event.anchor is not None or event.tag is not None:
            raise _Unusual
        elif kind is yaml.ScalarEvent:
            value, marks = scalars.value(event), None
            if holders and holders[-1][1] is not None and keys[-1] is _NO_KEY:
                first_mark = holders[-1][1].setdefault(event.value, event.start_mark)
                if first_mark is not event.start_mark:
                    raise _twice(event.value, first_mark)
                keys[-1] = value
                continue
        else:
            if len(holders) > _DEEPEST:
                raise _Unusual
            if kind is yaml.SequenceStartEvent:
                holders.append(([], None))
            else:
                holders.append(({}, {}))
                keys.append(_NO_KEY)
            continue
        if not holders:
            yield value, {key: mark.line + 1 for key, mark in (marks or {}).items()}
        elif (holder := holders[-1])[1] is None:
            holder[0].append(value)
        elif keys[-1] is _NO_KEY:
            raise _Unusual
        else:
            holder[0][keys[-1]] = value
            keys[-1] = _NO_KEY


_NO_KEY = object()
_ENDS = (yaml.SequenceEndEvent, yaml.MappingEndEvent)
_NO_VALUES = (
    yaml.StreamStartEvent,
    yaml.StreamEndEvent,
    yaml.DocumentStartEvent,
    yaml.DocumentEndEvent,
)


class _Scalars:
    """What scalars without a tag stand for, by the rules of a loader."""

    def __init__(self, loader_class: type[_Loader]) -> None:
        self._resolver: Any = yaml.resolver.Resolver()
        self._constructor = yaml.constructor.SafeConstructor()
        self._constructors = loader_class.yaml_constructors

    def value(self, event: Any) -> Any:
        """Return the value of a scalar event."""
        text: str = event.value
        if not event.implicit[0] or (text[:1] not in self._resolver.yaml_implicit_resolvers):
            return text
        tag = self._resolver.resolve(yaml.ScalarNode, text, event.implicit)
        if tag == f"{_TAG}str":
            return text
        if tag not in _USUAL:
            raise _Unusual
        node = yaml.ScalarNode(tag, text, event.start_mark, event.end_mark)
        try:
            return self._constructors[tag](self._constructor, node)
        except ValueError as error:
            raise yaml.MarkedYAMLError(
                problem=f"{text[:40]!r} is not a value: {error}", problem_mark=event.start_mark
            ) from error


def _refuse_aliases(text: str) -> None:
    """Refuse aliases: a few aliases of aliases can expand to gigabytes, and nobody needs them
    here.
    """
    if "*" not in text or "&" not in text:
        return
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            mark: Any = event.start_mark
            raise yaml.MarkedYAMLError(
                problem="YAML aliases are not read; write the value out", problem_mark=mark
            )


def read_yaml(path: Path) -> Any:
    """Return the document in a YAML file; raise ContentError with path:line."""
    return _read(path)[0]


def _read(path: Path, until: str = "") -> tuple[Any, dict[str, int]]:
    """Return a file's document, and the line of each of its keys, to a key that ends it."""
    try:
        text = regular_bytes(path).decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", str(path)) from error
    except UnicodeDecodeError as error:
        raise InputError(f"cannot be read: {error}", str(path)) from error
    if until:
        text = re.split(f"^{until}:", text, maxsplit=1, flags=re.MULTILINE)[0]
    try:
        documents = _documents(text)
        if len(documents) > 1:
            raise yaml.YAMLError("one document was expected, and there are several")
        return documents[0] if documents else (None, {})
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ContentError(f"invalid YAML: {_problem(error)}", f"{path}:{line}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ContentError(f"invalid YAML: {why_unread(error)}", str(path)) from error


def _problem(error: yaml.MarkedYAMLError) -> str:
    """Say what the parser met; its own depth limit is reported in the same words as Python's."""
    return (
        why_unread(RecursionError())
        if "nesting depth" in str(error.problem)
        else str(error.problem)
    )


def parse_yaml_all(text: str, place: str) -> list[Any]:
    """Return every document of a YAML stream of evidence.

    Raises InputError where it is no YAML, or more of it than is read.
    """
    try:
        return [document for document, _ in _documents(text, _EvidenceLoader)]
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InputError(f"invalid YAML: {_problem(error)}", f"{place}:{line}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"invalid YAML: {why_unread(error)}", place) from error


_KINDS = {
    str: "a text",
    dict: "values by name (name: value)",
    list: "a list",
    int: "a whole number",
    bool: "true or false",
    float: "a number",
    date: "a date",
}


def words_of(kind: type) -> str:
    """Say what a value of YAML must be, as its writer would."""
    return _KINDS.get(kind, kind.__name__)


def _as_yaml(value: Any) -> str:
    """A value of another kind than expected, as YAML would show it."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true or false"
    return str(value) if isinstance(value, date) else repr(value)


class _Dumper(yaml.SafeDumper):
    """Quotes a text that holds invisible characters: only in quotes does an escape stand for the
    character.
    """


def _quoted_where_unseen(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    is_visible = clean_lines(text) == text
    return dumper.represent_scalar(f"{_TAG}str", text, style=None if is_visible else '"')


_Dumper.add_representer(str, _quoted_where_unseen)


def write_yaml(data: Any) -> str:
    """Return data as YAML text in the given order, with every character visible."""
    text = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return clean_lines(str(text))


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping read from a file, asked field by field so that every complaint names its line."""

    data: dict[str, Any]
    path: Path
    lines: dict[str, int]

    def place(self, key: str = "") -> str:
        return f"{_shown(self.path)}:{self.lines.get(key, 1)}"

    def get(
        self, key: str, kind: type | tuple[type, ...], default: Any = ..., hint: str = ""
    ) -> Any:
        """Return a value; raise ContentError with path:line where it is missing or of another
        kind.
        """
        if key not in self.data:
            if default is ...:
                raise ContentError(f"{key!r} is missing", self.place())
            return default
        value = self.data[key]
        kinds = kind if isinstance(kind, tuple) else (kind,)
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            expected = " or ".join(words_of(k) for k in kinds)
            quote = str in kinds and not isinstance(value, list | dict) and value is not None
            hint = hint or ("Write it in quotes." if quote else "")
            raise ContentError(
                f"{key!r} must be {expected}, not {_as_yaml(value)}"[:200], self.place(key), hint
            )
        return value

    def only(self, *keys: str) -> None:
        """Raise ContentError where the mapping has another key."""
        for key in self.data:
            if key not in keys:
                raise ContentError(
                    f"unknown key {key!r}", self.place(key), f"Known: {', '.join(keys)}."
                )


def _shown(path: Path) -> str:
    """Our own files by their place in the project, wherever it is installed; other paths as
    given.
    """
    frameworks, sources = content_dir()
    for root, name in ((frameworks, "frameworks"), (sources, "reporter/ingest/sources")):
        if path.is_relative_to(root):
            return f"{name}/{path.relative_to(root).as_posix()}"
    return str(path)


def place_below(place: str, value: str) -> str:
    """Return the place at which a value stands, at or below another place of its file; that other
    place if it is not found.
    """
    name, _, line = place.rpartition(":")
    shipped = content_dir()[0] / name.removeprefix("frameworks/")
    path = shipped if name.startswith("frameworks/") and shipped.is_file() else Path(name)
    alone = re.compile(rf"(?<![^\s\[{{'\",]){re.escape(value)}(?![^\s\]}}'\",])")
    for number, text in enumerate(regular_bytes(path).decode("utf-8-sig").splitlines(), 1):
        if number >= int(line) and alone.search(text):
            return f"{name}:{number}"
    return place


def fields(path: Path, until: str = "") -> Fields:
    """Read a file that holds one mapping, and the line each of its keys stands on; nothing from the
    key `until` on, and what follows it.

    Raises ContentError where it holds anything else.
    """
    data, lines = _read(path, until)
    if not isinstance(data, dict):
        raise ContentError("one mapping was expected", f"{path}:1")
    return Fields(data, path, lines)
