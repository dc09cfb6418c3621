"""A probe of a warehouse: expressions over hard rows, whose values must be those of DuckDB. In: an
engine that asks a warehouse. Out: statements to run there, or InputError for a value that differs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from reporter.engine.duckdb import DuckDB
from reporter.engine.elsewhere import Elsewhere, Statement
from reporter.engine.probe import expressions
from reporter.engine.translation.portable import is_pattern, parsed
from reporter.engine.translation.sql_nodes import NotPortable
from reporter.errors import InputError

ROWS = "hard_rows"
_TEXTS = ("VARCHAR", "BIGINT", "BOOLEAN", "TIMESTAMP", "DATE", "HUGEINT", "INTEGER", "UBIGINT")


@dataclass(frozen=True, slots=True)
class Probe:
    """A query of hard rows whose columns are expressions."""

    name: str
    query: str
    claims: tuple[str, ...]
    """The expression of each column after those that name a row."""
    keys: int
    """How many columns name a row; 0: all do, for rows have no name."""


def hold(engine: Elsewhere, groups: Sequence[Sequence[str]]) -> None:
    """Ask for what a warehouse gives for all expressions that have a translation, and for groups
    of regular expressions; hold to DuckDB what it has answered.

    Raises InputError for a missing answer or row, for a value that differs, and for what is none.
    """
    lay_rows(engine)
    for probe in [*probes(engine), *(_patterns(g) for g in groups)]:
        statement = engine.statement_of(probe.name, probe.query)
        if paths := engine.answer_to(statement):
            _compare(engine, probe, statement, engine.returned(statement, paths))


def lay_rows(engine: Elsewhere) -> None:
    """Make the table of hard rows, by way of JSON, which needs no types of Python."""
    columns = dict(c.split() for c in expressions.COLUMNS.split(", "))
    rows = [dict(zip(columns, map(_plain, row), strict=True)) for row in expressions.usual_rows()]
    told = f"from_json($1, '{json.dumps([columns])}')"
    DuckDB.run(engine, f"CREATE OR REPLACE TABLE {ROWS} ({expressions.COLUMNS})")
    DuckDB.run(
        engine, f"INSERT INTO {ROWS} SELECT unnest({told}, recursive := true)", [json.dumps(rows)]
    )


def _plain(value: Any) -> Any:
    return str(value) if hasattr(value, "year") else value


def probes(engine: Elsewhere) -> Iterator[Probe]:
    """Yield queries of all expressions that have a translation."""
    kinds = (
        ("values", expressions.VALUES, "n", ""),
        ("groups", expressions.GROUPS, "grp", " GROUP BY grp"),
        ("windows", expressions.WINDOWS, "n", ""),
    )
    for name, claims, key, tail in kinds:
        said = [v for v in claims.values() if engine.has_form(_wide("", [v], key, tail).query)]
        yield _wide(f"probe_{name}", said, key, tail)
    queries = [q for text in expressions.QUERIES.values() if (q := _as_lines(engine, text))]
    yield Probe("probe_queries", "\nUNION ALL\n".join(queries), ("v",), 0)


def _wide(name: str, claims: Sequence[str], key: str, tail: str) -> Probe:
    columns = ", ".join(f"{v} AS v{k}" for k, v in enumerate(claims))
    return Probe(name, f"SELECT {key}, {columns} FROM {ROWS} AS t{tail}", tuple(claims), 1)


def _patterns(patterns: Sequence[str]) -> Probe:
    for text in patterns:  # it comes from a file, and is run here
        try:
            is_one = is_pattern(parsed(text))
        except NotPortable:
            is_one = False
        if not is_one:
            raise InputError(f"no regular expression of a text: {text}", "manifest.json")
    written = sorted({str(parsed(t).sql(dialect="duckdb", comments=False)) for t in patterns})
    return _wide("probe_patterns", written, "n", "")


def _as_lines(engine: Elsewhere, text: str) -> str:
    """SQL: the rows of a query as texts, with its name; nothing where it has no translation."""
    query = text.replace("FROM t", f"FROM {ROWS} AS t").replace(f"{ROWS} AS t AS ", f"{ROWS} AS ")
    query = query.replace("JOIN t ", f"JOIN {ROWS} ")
    columns = engine.columns(query)
    if any(kind not in _TEXTS for _, kind in columns):
        return ""
    parts = " || '|' || ".join(f"coalesce(CAST(q.\"{n}\" AS VARCHAR), '-')" for n, _ in columns)
    told = text.replace("'", "''")
    lines = f"SELECT '{told}' AS claim, {parts} AS v FROM ({query}) AS q"
    return lines if engine.has_form(lines) else ""


def _compare(engine: Elsewhere, probe: Probe, statement: Statement, returned: str) -> None:
    names = [n for _, n, _ in statement.columns]
    listed = ", ".join(f'"{n}"' for n in names)
    here = _by_key(DuckDB.rows(engine, f"SELECT {listed} FROM ({probe.query})"), probe.keys)
    there = _by_key(DuckDB.rows(engine, f"SELECT {listed} FROM ({returned})"), probe.keys)
    for key in sorted(here.keys() | there.keys(), key=str):
        expected, came = here.get(key, []), there.get(key, [])
        if len(expected) != len(came):
            claim = probe.claims[0] if probe.keys else str(key[0])
            told = f"{claim} has {len(came)} rows there, and {len(expected)} here"
            raise _differs(statement, told, key)
        for one, other in zip(expected, came, strict=True):
            for claim, ours, theirs in zip(probe.claims, one, other, strict=False):
                if ours != theirs or type(ours) is not type(theirs):
                    told = f"{claim} gives {theirs!r:.200} there, and {ours!r:.200} here"
                    raise _differs(statement, told, key)


def _by_key(rows: Sequence[tuple[Any, ...]], keys: int) -> dict[tuple[Any, ...], list[Any]]:
    found: dict[tuple[Any, ...], list[Any]] = {}
    for row in rows:
        key = row[:keys] if keys else row
        found.setdefault(key, []).append(row[keys:] if keys else ())
    return found


def _differs(statement: Statement, told: str, key: tuple[Any, ...]) -> InputError:
    return InputError(
        f"the probe differs: {told} (row {key[0]!r})",
        f"results/{statement.key}",
        "This warehouse counts in another way, so its answers are not used. Please report it.",
    )
