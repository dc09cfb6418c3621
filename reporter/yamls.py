"""YAML files, told by line. In: a path. Out: its values, and the line of each key for complaints. Only this file imports yaml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from reporter.errors import ContentError, InputError


class _Loader(yaml.CSafeLoader):
    """Safe; a key given twice is an error instead of a surprise."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [k.value for k, _ in node.value if isinstance(k, yaml.ScalarNode)]
        for key, _ in node.value:
            if keys.count(key.value) > 1:
                raise yaml.MarkedYAMLError(
                    problem=f"key {key.value!r} stands twice", problem_mark=key.start_mark
                )
        return super().construct_mapping(node, deep)


def _refuse_aliases(text: str) -> None:
    """A few aliases of aliases can stand for gigabytes; nobody needs them here."""
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


def _read(path: Path) -> tuple[Any, Any]:
    """Return a file's document and its node tree, parsed once."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read: {error}", str(path)) from error
    try:
        _refuse_aliases(text)
        loader = _Loader(text)
        node = loader.get_single_node()
        return (loader.construct_document(node) if node is not None else None), node
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ContentError(f"invalid YAML: {error.problem}", f"{path}:{line}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise ContentError(f"invalid YAML: {error}", str(path)) from error


def parse_yaml_all(text: str, place: str) -> list[Any]:
    """Return every document of a YAML stream."""
    try:
        _refuse_aliases(text)
        return list(yaml.load_all(text, Loader=_Loader))  # noqa: S506 - a CSafeLoader
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InputError(f"invalid YAML: {error.problem}", f"{place}:{line}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise InputError(f"invalid YAML: {error}", place) from error


def write_yaml(data: Any) -> str:
    """Return data as YAML text in the order given."""
    return str(yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100))


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping read from a file, asked field by field so that every complaint names its line."""

    data: dict[str, Any]
    path: Path
    lines: dict[str, int]

    def place(self, key: str = "") -> str:
        return f"{_shown(self.path)}:{self.lines.get(key, 1)}"

    def get(self, key: str, kind: type | tuple[type, ...], default: Any = ...) -> Any:
        if key not in self.data:
            if default is ...:
                raise ContentError(f"{key!r} is missing", self.place())
            return default
        value = self.data[key]
        if not isinstance(value, kind):
            wanted = (
                kind.__name__ if isinstance(kind, type) else " or ".join(k.__name__ for k in kind)
            )
            raise ContentError(f"{key!r} must be {wanted}, not {value!r}"[:200], self.place(key))
        return value

    def only(self, *keys: str) -> None:
        for key in self.data:
            if key not in keys:
                raise ContentError(
                    f"unknown key {key!r}", self.place(key), f"Known: {', '.join(keys)}."
                )


def content_dir() -> tuple[Path, Path]:
    """Return (frameworks, sources) folders: beside the package in a checkout, inside it in a wheel."""
    package = Path(__file__).parent
    packed = package / "_data" / "frameworks"
    frameworks = packed if packed.exists() else package.parent / "frameworks"
    return frameworks, package / "ingest" / "sources"


def _shown(path: Path) -> str:
    """Our own files by their place in the project, wherever it is installed; others as they were given."""
    frameworks, sources = content_dir()
    for root, name in ((frameworks, "frameworks"), (sources, "reporter/ingest/sources")):
        if path.is_relative_to(root):
            return f"{name}/{path.relative_to(root).as_posix()}"
    return str(path)


def fields(path: Path) -> Fields:
    """Read a file that holds one mapping, and the line each of its keys stands on."""
    data, node = _read(path)
    if not isinstance(data, dict):
        raise ContentError("one mapping was expected", f"{path}:1")
    return Fields(data, path, {k.value: k.start_mark.line + 1 for k, _ in node.value})
