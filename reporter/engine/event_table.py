"""A table of normalised events that lies outside a workspace. In: its name or path, and the columns
that a reader finds in it. Out: SQL for each of our columns, or InputError.

A column that is not there is empty, as if no row filled it: what needs it is then not recorded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from glob import has_magic
from pathlib import Path

from reporter.errors import InputError
from reporter.schema.columns import FLAG, INT, TEXT, TIME
from reporter.schema.tables import TABLES, columns_of

ROWS = "rows_there"
"""Stands for the table in our SQL."""
PARQUET = "parquet"
FORMATS = (PARQUET, "delta", "iceberg")
PLACE = (("source", TEXT), ("file", TEXT), ("record", INT), ("place", INT))
COLUMNS = (*columns_of(TABLES["events"]), *PLACE)
REQUIRED = ("log_source", "outcome", *(n for n, _ in PLACE))
"""Without one of them no row of the table could be used."""
HOW = "docs/warehouses.md describes the table."
_NAME = re.compile(r"(?:\w[\w-]*|`[^`]+`)(?:\.(?:\w[\w-]*|`[^`]+`)){0,3}")
_PREFIXED = re.compile(rf"({'|'.join(FORMATS)}):(.+)", re.DOTALL)
_VERSION = re.compile(r"(?:v\d+|\d{5}-[0-9a-f-]{36})(?:\.gz)?\.metadata\.json")
"""Names of the files in which Iceberg keeps the versions of a table."""
_WHOLE = "TINYINT|SMALLINT|INTEGER|INT|BIGINT|UTINYINT|USMALLINT|UINTEGER|BYTE|SHORT|LONG"
_ALIKE = {
    TEXT: re.compile(r"VARCHAR.*|STRING.*|CHAR.*|ENUM\(.*", re.DOTALL),
    INT: re.compile(_WHOLE),
    TIME: re.compile(r"TIMESTAMP.*"),
    FLAG: re.compile("BOOLEAN"),
}
"""Type of ours -> types that hold the same: no value changes where it is cast."""


@dataclass(frozen=True, slots=True)
class TablePlace:
    """Where a table lies."""

    text: str
    """As it was given."""
    format: str
    """One of `FORMATS`; '' for a table that is known by its name."""
    path: str
    """A path, an address or a pattern; or the name."""

    @property
    def is_address(self) -> bool:
        """Tell whether it lies in a storage that has addresses."""
        return "://" in self.path


@dataclass(frozen=True, slots=True)
class EventTable:
    """A table of events that an engine reads where it lies."""

    name: str
    reader: str
    """Who reads it."""
    digest: str = ""
    """SHA-256 of what was returned; '' where it is there to be read."""
    told: tuple[str, ...] = ()
    """Who read it, when and in what, as returned."""
    missing: tuple[str, ...] = ()
    """Columns of ours that it does not have."""
    unread: tuple[str, ...] = ()
    """Columns of its own."""


@dataclass(frozen=True, slots=True)
class Columns:
    """How the columns of a table become ours."""

    casts: tuple[tuple[str, str, str], ...]
    """(name there, or '', name here, type here), in our order."""
    missing: tuple[str, ...] = field(default=())
    unread: tuple[str, ...] = field(default=())

    def written(self, quote: str, kind: Callable[[str], str]) -> Iterator[str]:
        """Yield SQL of each column of ours, in the types of an engine."""
        for there, here, ours in self.casts:
            value = f"{quote}{there}{quote}" if there else "NULL"
            yield f"CAST({value} AS {kind(ours)}) AS {quote}{here}{quote}"


def read_place(text: str, folder: Path = Path()) -> TablePlace:
    """Return where a table lies: by its name, or at a path that begins with its format; one that
    ends in .parquet needs none. `folder` is what a relative path is relative to.

    Raises InputError for anything else, and for a folder of another format than was said.
    """
    if match := _PREFIXED.fullmatch(text):
        form, path = match.groups()
    elif text.endswith(".parquet"):
        form, path = PARQUET, text
    elif _NAME.fullmatch(text):
        return TablePlace(text, "", text)
    else:
        raise InputError(
            "neither the name of a table nor a path with its format",
            text,
            "Write CATALOG.SCHEMA.TABLE, or parquet:PATH, delta:PATH, iceberg:PATH.",
        )
    if "://" not in path:
        place = folder / path
        _refuse_other_format(text, form, place)
        path = str(place.absolute())
    return TablePlace(text, form, path)


def _refuse_other_format(text: str, form: str, place: Path) -> None:
    """Of a table of Delta or Iceberg, its files alone are other rows: those deleted are there. So
    too where a folder, a file or a pattern within such a table is named, or a folder around it.
    """
    formats_of = cache(_formats)  # many files lie in one folder, and below the same ones
    try:
        for found in matched_paths(place) or [place]:
            inside = found.rglob("*") if form == PARQUET and found.is_dir() else ()
            folders = (p for p in inside if p.is_dir() or p.is_symlink())
            for path in (found, *folders):
                _refuse(text, form, path.resolve(), formats_of)
    except OSError as error:
        raise InputError(f"it cannot be looked at: {error.strerror}", text) from error


def matched_paths(place: Path) -> list[Path]:
    """Return the files and folders that a path or pattern names; a path as it is."""
    text = str(place.absolute())
    return sorted(Path("/").glob(text[1:])) if has_magic(text) else [place]


def _refuse(text: str, form: str, path: Path, formats_of: Callable[[Path], list[str]]) -> None:
    """Raise InputError where a path lies in a table of other formats; a table may be of both."""
    for folder in (path, *path.parents):
        formats = formats_of(folder)
        if formats and form not in formats:
            raise InputError(
                f"this is a table of {formats[0]}, and its files alone hold rows that were deleted",
                text,
                f"Write {formats[0]}:{folder}, and --engine spark.",
            )
        if formats:
            return


def _formats(folder: Path) -> list[str]:
    """Return the formats with versions of which a folder is a table."""
    is_delta = (folder / "_delta_log").is_dir()
    versions = (folder / "metadata").glob("*.metadata.json")
    is_iceberg = any(_VERSION.fullmatch(path.name) for path in versions)
    return [n for n, is_so in (("delta", is_delta), ("iceberg", is_iceberg)) if is_so]


def matched(name: str, found: Sequence[tuple[str, str]]) -> Columns:
    """Return how the columns that a table has, (name, type), become ours.

    Raises InputError where one that each row needs is missing, or a type is another.
    """
    there = {n.lower(): (n, kind) for n, kind in found}
    if lacking := [n for n in REQUIRED if n not in there]:
        raise InputError(f"this table of events has no column {', '.join(lacking)}", name, HOW)
    for column, ours in COLUMNS:
        given = there.get(column, ("", ""))[1]
        if given and not _ALIKE[ours].fullmatch(given.upper()):
            raise InputError(
                f"its column {column} is of type {given}; expected is {ours.lower()}",
                name,
                "Give a view that casts it: what does not cast must not be lost here.",
            )
    casts = tuple((there.get(n, ("", ""))[0], n, kind) for n, kind in COLUMNS)
    ours_all = {n for n, _ in COLUMNS}
    return Columns(
        casts,
        tuple(n for n, _ in COLUMNS if n not in there),
        tuple(n for low, (n, _) in there.items() if low not in ours_all),
    )
