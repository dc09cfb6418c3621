"""What a warehouse left as the rows of a statement. In: files of Parquet, or of JSON lines. Out: a
query of them, and the columns that they have.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from reporter.engine.base import quoted, quoted_list
from reporter.errors import InputError

PARQUET, JSON = ".parquet", ".json"


def files_of(folder: Path) -> list[Path]:
    """Return the files of an answer, in order."""
    return sorted(p for p in folder.glob("*") if p.suffix in (PARQUET, JSON))


def scan_of(paths: Sequence[Path], parquet: Callable[..., str]) -> str:
    """SQL: the rows of files, each value of JSON as text.

    Raises InputError for lines that are no objects of texts with the same names.
    """
    if {p.suffix for p in paths} == {PARQUET}:
        return parquet(*paths)
    if {p.suffix for p in paths} != {JSON}:
        raise InputError(
            "an answer lies in Parquet files or in JSON lines, not in both", _place(paths[0])
        )
    names = _names_in(paths)
    columns = ", ".join(f"{quoted(n)}: 'VARCHAR'" for n in names)
    listed = quoted_list([str(p) for p in paths])
    return f"read_json({listed}, format = 'newline_delimited', columns = {{{columns}}})"


def _names_in(paths: Sequence[Path]) -> list[str]:
    names: list[str] = []
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                told = json.loads(line)
                is_told = isinstance(told, dict) and all(
                    v is None or isinstance(v, str) for v in told.values()
                )
            except ValueError:
                is_told = False
            if not is_told or (names and [*told] != names):
                raise InputError(
                    "a line is no object of texts with the names of the first line",
                    f"{_place(path)}:{number}",
                    "Return what the statement left, unchanged.",
                )
            names = [*told]
    if not names:
        raise InputError("an answer has no line, so not even its last one", _place(paths[0]))
    return names


def _place(path: Path) -> str:
    return f"results/{path.parent.name}/{path.name}"
