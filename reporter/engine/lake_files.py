"""A table of events in Parquet files, read by the engine that lies here. In: a path. Out: the view
`event_table.ROWS`, and what the table is.
"""

from __future__ import annotations

from collections.abc import Iterator
from glob import has_magic
from pathlib import Path

from reporter.engine.base import Error, quoted_list
from reporter.engine.duckdb import DuckDB
from reporter.engine.event_table import (
    COLUMNS,
    PARQUET,
    ROWS,
    EventTable,
    TablePlace,
    matched,
    matched_paths,
)
from reporter.errors import InputError

READER = "DuckDB"
_HIDDEN = ("_", ".")


def show(engine: DuckDB, place: TablePlace) -> None:
    """Show the rows of a table; the engine may read its files after it was locked, too.

    Raises InputError where there are no such files, or their columns are others.
    """
    if place.format != PARQUET or place.is_address:
        raise InputError(
            "this engine reads events from files of Parquet on this machine only",
            place.text,
            "Give --engine spark, or parquet:PATH.",
        )
    files = [*_files(place.path)]
    if not files:
        raise InputError("there is no file there", place.text, "Give a file, folder or pattern.")
    keys = _keys(place.path, files)
    if told := sorted(keys & {n for n, _ in COLUMNS}):
        raise InputError(
            f"names of folders hold its column {', '.join(told)}, which this engine does not read",
            place.text,
            "Give --engine spark.",
        )
    scan = f"read_parquet({quoted_list(files)}, hive_partitioning = FALSE, union_by_name = TRUE)"
    try:
        columns = matched(place.text, engine.columns(f"SELECT * FROM {scan}"))
        casts = ", ".join(columns.written('"', str))
        engine.run(f"CREATE VIEW {ROWS} AS SELECT {casts} FROM {scan}")
    except Error as error:
        why = str(error).splitlines()[0][:300]
        raise InputError(f"its files cannot be read: {why}", place.text) from error
    engine.also_reached = tuple(files)
    unread = (*columns.unread, *sorted(keys))
    engine.event_table = EventTable(place.text, READER, missing=columns.missing, unread=unread)


def _files(path: str) -> Iterator[str]:
    """Yield the files of a table; names that begin with _ or . are none of it, as in Spark."""
    for place in matched_paths(Path(path)):
        if place.is_file():
            yield str(place)
            continue
        for file in sorted(place.rglob("*")):
            parts = file.relative_to(place).parts
            if file.is_file() and not any(p.startswith(_HIDDEN) for p in parts):
                yield str(file)


def _keys(path: str, files: list[str]) -> set[str]:
    """Return the names of columns that folders of a table are named after."""
    depth = len(Path(path).parts) - (1 if has_magic(path) else 0)
    folders = {part for f in files for part in Path(f).parts[depth:-1]}
    return {part.partition("=")[0].lower() for part in folders if "=" in part}
