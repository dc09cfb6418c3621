"""What an auditor would draw: some results of all, by a seed that anybody can use again. In: the
results that were sealed, those that came out again. Out: results beside each other.

The draw is stratified over status and severity: each kind of result has its share, and at least one
place as long as there are places.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reporter.engine.base import Error, quoted_list
from reporter.engine.duckdb import DuckDB, parquet
from reporter.errors import InputError
from reporter.pipeline.quarter import kept_input
from reporter.runs.store import Results, read_data
from reporter.schema.tables import LOADED

_COLUMNS = ("check", "subject", "status", "reason_code", "reason_values", "record", "id")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A result of the draw."""

    result: Mapping[str, Any]
    severity: str
    now: Mapping[str, Any] | None
    """The result that came out again; None where none did, or nothing was performed."""
    sql: str
    """Of the check, as the file says it."""
    record: tuple[str, ...] = ()
    """What the kept tables hold of its record, a row each; none where they were not kept."""


def draw(sealed: Path, made: Path | None, n: int, seed: str, work: Path) -> tuple[Drawn, ...]:
    """Return n results, or all where there are fewer, in the order of their ids; `work` is a folder
    that is to be made.

    Raises InputError where one of the runs cannot be read.
    """
    checks = {c.id: c for c in read_data(sealed).checks}
    strata: dict[tuple[str, str], list[tuple[bytes, Any]]] = {}
    for row in Results(sealed, ()).query(f"SELECT {_QUOTED} FROM held"):
        check = checks.get(row[0])
        stratum = row[2], check.severity if check else ""
        order = hashlib.sha256(f"{seed}\0{row[0]}\0{row[1]}".encode()).digest()
        strata.setdefault(stratum, []).append((order, row))
    chosen = [
        (row, severity)
        for (status, severity), places in _shares(
            {k: len(rows) for k, rows in strata.items()}, n
        ).items()
        for _, row in sorted(strata[status, severity], key=lambda r: r[0])[:places]
    ]
    again = _again(made, [row[:2] for row, _ in chosen]) if made else {}
    records = _records(sealed / kept_input.FOLDER, {row[5] for row, _ in chosen if row[5]}, work)
    drawn = []
    for row, severity in sorted(chosen, key=lambda c: c[0][:2]):
        sql = checks[row[0]].sql if row[0] in checks else ""
        result = dict(zip(_COLUMNS, row, strict=True))
        record = tuple(records.get(row[5], ()))
        drawn.append(Drawn(result, severity, again.get(row[:2]), sql, record))
    return tuple(drawn)


_QUOTED = ", ".join(f'"{c}"' for c in _COLUMNS)


def _shares(sizes: Mapping[tuple[str, str], int], n: int) -> dict[tuple[str, str], int]:
    """Return how many of each stratum are drawn: one each, the smallest first where there are more
    strata than places, then in proportion, by largest remainders.
    """
    order = sorted(sizes, key=lambda k: (sizes[k], k))
    shares = dict.fromkeys(order, 0)
    for key in order[:n]:
        shares[key] = 1
    total = sum(sizes.values())
    while sum(shares.values()) < min(n, total):
        open_strata = [k for k in order if shares[k] < sizes[k]]
        key = max(open_strata, key=lambda k: (sizes[k] * n - shares[k] * total, k))
        shares[key] += 1
    return shares


def _records(tables: Path, refs: set[str], work: Path) -> dict[str, list[str]]:
    """Return ref -> what each table holds of that record."""
    found: dict[str, list[str]] = {}
    wanted = quoted_list(sorted(refs))
    paths = [p for t in LOADED if (p := tables / f"in_{t.name}.parquet").is_file()]
    try:
        with DuckDB(work) as engine:
            engine.confine(work, paths)
            for path in paths:
                rows = f"SELECT * FROM {parquet(path)}"
                names = [name for name, _ in engine.columns(rows)]
                ref = "file || '#' || CAST(record AS VARCHAR)"
                for row in engine.rows(f"{rows} WHERE {ref} IN {wanted} LIMIT {_MOST_ROWS}"):
                    values = dict(zip(names, row, strict=True))
                    line = ", ".join(
                        f"{n} {v}" for n, v in values.items() if v is not None and n not in _PLACE
                    )
                    place = f"{values['file']}#{values['record']}"
                    found.setdefault(place, []).append(f"{path.stem.removeprefix('in_')}: {line}")
    except Error as error:
        raise InputError(f"cannot be read: {str(error).splitlines()[0]}", str(tables)) from error
    return found


_PLACE = ("source", "file", "part", "record", "place", "who")
_MOST_ROWS = 1000


def _again(made: Path, wanted: list[tuple[str, str]]) -> dict[tuple[str, str], dict[str, Any]]:
    results = Results(made, ())
    results.lay_beside("wanted", ("a", "b"), wanted)
    rows = results.query(f'SELECT {_QUOTED} FROM held JOIN wanted ON a = "check" AND b = subject')
    return {row[:2]: dict(zip(_COLUMNS, row, strict=True)) for row in rows}
