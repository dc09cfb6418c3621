"""A DuckDB beside another engine that has some relations. In: SQL of ours. Out: rows, or Parquet
files.

What reads such a relation is answered there, and what comes back lies here; all else runs here. Who
answers is what differs: a session at once, or rows that somebody returned.
"""

from __future__ import annotations

import itertools
import re
from abc import abstractmethod
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from threading import RLock
from typing import Any

from reporter.engine.base import Error
from reporter.engine.duckdb import DEFAULT_MEMORY, DuckDB
from reporter.engine.event_table import COLUMNS, ROWS
from reporter.engine.translation.portable import parsed, reads
from reporter.engine.translation.sql_nodes import NotPortable

_MACRO = re.compile(
    r"CREATE (?:OR REPLACE )?MACRO (\w+)\(([^)]*)\) AS\s(.*?)(?:;\s*(?=CREATE)|;?\s*\Z)", re.DOTALL
)
_MADE = re.compile(
    r"CREATE\s+(?:OR REPLACE\s+)?(?:TEMP\s+)?(TABLE|VIEW)\s+(\w+)\s+AS\s+(.*)\Z", re.DOTALL
)
_ADDED = re.compile(
    r"(INSERT INTO\s+(\w+)(?:\s+BY NAME)?(?:\s*\([\w\s,]+\))?)\s+((?:SELECT|WITH|FROM)\b.*)\Z",
    re.DOTALL,
)
_RENAMED = re.compile(r"ALTER VIEW (\w+) RENAME TO (\w+)")
_DROPPED = re.compile(r"DROP\s+(?:TABLE|VIEW)\s+(?:IF EXISTS\s+)?(\w+)\s*\Z")
CHANGES = re.compile(
    r"(?:CREATE\s+(?:OR REPLACE\s+)?(?:TEMP\s+)?(?:TABLE|VIEW)|INSERT INTO|UPDATE|DELETE FROM|"
    r"DROP\s+(?:TABLE|VIEW)(?:\s+IF EXISTS)?|ALTER\s+(?:TABLE|VIEW)|TRUNCATE)\s+(\w+)"
)
_WORD = re.compile(r"[a-z_]\w*")


@dataclass(slots=True)
class Relations:
    """What all connections of an engine know of the relations that it has, and has not."""

    large: frozenset[str]
    """Relations that another engine has from the beginning, or once they are made."""
    held: dict[str, str] = field(default_factory=dict)
    """Relation whose rows another engine has -> the query that it is."""
    views: dict[str, str] = field(default_factory=dict)
    """View of tables of ours -> the query that it is."""
    changes: Counter[str] = field(default_factory=Counter)
    """Table of ours -> how often it changed."""
    macros: dict[str, tuple[tuple[str, ...], str]] = field(default_factory=dict)
    lock: Any = field(default_factory=RLock)
    numbers: Iterator[int] = field(default_factory=itertools.count)


class Federated(DuckDB):
    """An `Engine` of two: relations named in `large`, and views of them, are rows elsewhere."""

    def __init__(
        self, work: Path, memory: str = DEFAULT_MEMORY, room: str = "", large: Collection[str] = ()
    ) -> None:
        """Open the engine that lies here; where the table of events is large, it is empty here."""
        self._relations = Relations(frozenset(large))
        super().__init__(work, memory, room)
        if ROWS in self._relations.large:
            self._relations.held[ROWS] = ""
            kinds = ", ".join(f'"{n}" {kind}' for n, kind in COLUMNS)
            DuckDB.run(self, f"CREATE TABLE {ROWS} ({kinds})")

    @abstractmethod
    def _take(self, head: str, query: str) -> None:
        """Put the rows of a query over what another engine has where a statement that begins with
        `head` says.
        """

    def run(self, sql: str, params: Sequence[Any] = ()) -> None:
        """Execute one statement for its effect, where the rows are that it reads.

        Raises Error for a statement of another kind over rows that another engine has.
        """
        relations = self._relations
        for name, names, body in _MACRO.findall(sql):
            relations.macros[name] = tuple(n.strip() for n in names.split(",") if n.strip()), body
        made, added, renamed = _MADE.match(sql), _ADDED.match(sql), _RENAMED.match(sql)
        if made and made[1] == "VIEW":
            super().run(sql, params)
            is_held = made[2] in relations.large or self._is_held(made[3])
            (relations.held if is_held else relations.views)[made[2]] = made[3]
        elif renamed and renamed[1] in relations.held:
            super().run(sql, params)
            relations.held[renamed[2]] = relations.held.pop(renamed[1])
        elif dropped := _DROPPED.match(sql):
            super().run(sql, params)
            relations.held.pop(dropped[1], None)
        elif made and self._is_held(made[3]):
            self._take(sql[: made.start(3)], made[3])
        elif added and self._is_held(added[3]):
            self._take(added[1], added[3])
        elif self._is_held(sql):
            raise Error(f"the engine of its rows cannot carry out: {sql[:200]}")
        else:
            super().run(sql, params)
        for name in CHANGES.findall(sql):
            relations.changes[name] += 1

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a query; for results a person could scroll."""
        return super().rows(sql if sql.startswith("DESCRIBE") else self.here(sql), params)

    def each(self, sql: str, most: int = 1000) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query in batches; other statements may run meanwhile."""
        if not self._is_held(sql):
            yield from super().each(sql, most)
            return
        name = f"fetched_{next(self._relations.numbers)}"  # seen by the cursor that reads it
        self._take(f"CREATE TABLE {name} AS ", sql)
        yield from super().each(f"SELECT * FROM {name}", most)
        super().run(f"DROP TABLE {name}")

    def one(self, sql: str, params: Sequence[Any] = ()) -> Any:
        """Return the single value of a query, or how many rows an INSERT added; raise Error for one
        of rows that another engine has.
        """
        if (added := _ADDED.match(sql)) and self._is_held(added[3]):
            raise Error(f"the engine of its rows cannot carry out: {sql[:200]}")
        if added:
            self._relations.changes[added[2]] += 1
            return super().one(sql, params)
        return super().one(self.here(sql), params)

    def write_parquet(self, sql: str, path: Path, compression: str = "snappy") -> None:
        """Write a query's rows to a Parquet file on this machine."""
        super().write_parquet(self.here(sql), path, compression)

    def show_parquet(self, name: str, paths: Sequence[Path]) -> None:
        """Create a view of the rows of Parquet files that lie here."""
        super().show_parquet(name, paths)
        self._relations.changes[name] += 1

    def here(self, sql: str) -> str:
        """Return SQL of the same rows that reads only what lies here: others come back first."""
        if not self._is_held(sql):
            return sql
        name = f"fetched_{next(self._relations.numbers)}"
        self._take(f"CREATE TEMP TABLE {name} AS ", sql)
        return f"SELECT * FROM {name}"

    def _is_held(self, sql: str) -> bool:
        """Tell whether a query reads what another engine has; most are told by their words."""
        held = self._relations.held
        if not held or not held.keys() & set(_WORD.findall(sql)):
            return False
        return not held.keys().isdisjoint(tables_in(sql))

    def _kinds(self, table: str) -> list[tuple[str, str]]:
        return self.columns(f"SELECT * FROM {table}")


def for_arrow(kind: str) -> str:
    """Return the type in which a column goes to another engine."""
    if kind.startswith("ENUM"):
        return "VARCHAR"
    return {"UBIGINT": "DECIMAL(20,0)", "HUGEINT": "DECIMAL(38,0)", "JSON": "VARCHAR"}.get(
        kind, kind
    )


@lru_cache(maxsize=4096)
def tables_in(query: str) -> frozenset[str]:
    """Return the tables that a statement reads, by the names that it gives them."""
    try:
        return frozenset(reads(parsed(query)))
    except NotPortable:
        return frozenset(_WORD.findall(query))
