"""Checks as they are compiled, and those that ship compiled; the columns of what ships for sources.
In: `compiled.json`. Out: Compiled.

Compiling takes sqlglot and half a second for all checks. `make docs` keeps what came out, by all
that shapes it; a check that differs in anything, such as a threshold, is compiled anew."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from reporter.model.assessment import Check
from reporter.schema.model_files import macro_texts, shipped
from reporter.schema.tables import TABLES
from reporter.system.folders import content_dir

FILE = "compiled.json"
CODE, VALUES = "reason_code", "reason_values"
"""The columns of a result that say why: a code of the check, and a JSON object of its values."""
_COMPILERS = ("content/sql_policy.py", "content/sql_tree.py", "model/reasons.py")


@dataclass(frozen=True, slots=True)
class Compiled:
    """SQL fit to run, and what it reads."""

    sql: str
    reads: frozenset[tuple[str, str]]
    """(table, column) of schema tables."""
    tables: frozenset[str]
    has_ref: bool
    has_certain: bool = False
    """The engine ran it again: a fifth column marks the failures that stand whatever is not
    recorded.
    """
    written: str = ""
    """Its SQL as compiled, where `sql` reads other values."""
    parts: str = ""
    """Its named parts (WITH), without that of its results."""
    rests: tuple[tuple[tuple[str, str], ...], ...] = ()
    """Loaded columns behind the models that it reads: of each group any may prove the same."""


def with_values(
    compiled: Compiled,
    values: Mapping[str, Mapping[str, str]],
    without: Mapping[str, str] | None = None,
) -> Compiled:
    """Return a check in which our own expressions replace some columns: table -> column ->
    expression over that table; of a table in `without` it sees the rows for which a condition on
    `t` holds.
    """
    without = without or {}
    seen = []
    for table in sorted({*values, *without}):
        columns = ", ".join(f"{sql} AS {c}" for c, sql in values.get(table, {}).items())
        replaced = f" REPLACE ({columns})" if columns else ""
        where = f" WHERE {without[table]}" if table in without else ""
        seen.append(f"{table} AS (SELECT *{replaced} FROM main.{table} AS t{where})")
    if not seen:
        return compiled
    remainder = compiled.sql.removeprefix("WITH ")
    statement = f"WITH {', '.join(seen)}{', ' if remainder != compiled.sql else ' '}{remainder}"
    return replace(compiled, sql=statement, written=compiled.sql)


def part(compiled: Compiled, name: str) -> str:
    """Return a SELECT of all rows of one named part (WITH) of a check, so that others can count by
    the same rule.
    """
    return f"WITH {compiled.parts} SELECT * FROM {name}"


def as_shipped(check: Check) -> Compiled | None:
    """Return a check as it was compiled before it shipped; None where anything differs."""
    kept = _kept()["checks"].get(check.id)
    if not kept or kept["key"] != _key_of(check):
        return None
    sql, start = kept["sql"], len("WITH ")
    reads = frozenset((table, column) for table, column in kept["reads"])
    parts = sql[start : start + kept["parts"]]
    rests = tuple(tuple((t, c) for t, c in group) for group in kept["rests"])
    tables = frozenset(kept["tables"])
    return Compiled(sql, reads, tables, kept["has_ref"], parts=parts, rests=rests)


def shipped_columns(select: str) -> Set[str] | None:
    """Return the names of the columns that a SELECT of a source gives; None where it is none that
    ships: the engine takes as long to tell as to run it.
    """
    names = _kept()["selects"].get(_digest(select))
    return names and frozenset(names)


def shipped_absence(check: str) -> Mapping[str, list[str]] | None:
    """Return the tables of which a missing row can earn a check a `pass`, or cause it a `fail`;
    None where it did not ship.
    """
    tables: Mapping[str, list[str]] | None = _kept()["absence"].get(check)
    return tables


def text_of(
    compiled: Iterable[tuple[Check, Compiled]],
    selects: Mapping[str, Iterable[str]],
    absence: Mapping[str, Mapping[str, list[str]]],
) -> str:
    """Return the content of `compiled.json`: what `as_shipped` reads, by check, what
    `shipped_columns` reads, of SELECT -> names, and what `shipped_absence` reads.
    """
    entries = {
        check.id: {
            "key": _key_of(check),
            "sql": result.sql,
            "parts": len(result.parts),
            "reads": sorted(result.reads),
            "tables": sorted(result.tables),
            "has_ref": result.has_ref,
            "rests": result.rests,
        }
        for check, result in compiled
    }
    names_of = {_digest(select): sorted(names) for select, names in selects.items()}
    kept = {
        "sqlglot": version("sqlglot"),
        "checks": entries,
        "selects": names_of,
        "absence": absence,
    }
    return json.dumps(kept, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def made_with() -> str:
    """Return the version of sqlglot that wrote what ships; another may write the same otherwise."""
    return str(_kept()["sqlglot"])


@cache
def _kept() -> Mapping[str, Mapping[str, Any]]:
    try:
        kept: dict[str, Any] = json.loads((content_dir()[0] / FILE).read_bytes())
    except FileNotFoundError:
        return {"checks": {}, "selects": {}, "absence": {}}
    return kept


def _key_of(check: Check) -> str:
    own = [check.sql, check.params, check.reasons, check.models]
    return _digest(_shared() + json.dumps(own, sort_keys=True))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def _shared() -> str:
    """Return what shapes all checks: the policy, the parts and macros, and the tables."""
    package = Path(__file__).parents[1]
    texts = [(package / name).read_text(encoding="utf-8") for name in _COMPILERS]
    parts = {name: m.sql for name, m in shipped().items() if m.kind == "part"}
    tables = {t.name: [c.name for c in t.columns] for t in TABLES.values()}
    return json.dumps([texts, parts, macro_texts(), tables], sort_keys=True)
