"""Many examples in one engine, each answered from its own rows. In: statements about one example.
Out: the same statements, planned once for all.

Tables have one more column, the number of the example, and stand where no name reaches by itself:
a statement that is not restricted to an example is an error, never an answer from another's rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from reporter.content.sql_tree import named_tables
from reporter.engine.base import Engine, Error

NUMBER = "example_no"
"""The column, and the variable of a connection, that holds the number of an example."""
_SCHEMA = "memory.apart"
_THIS = "this_example"


def rows_of(table: str, number: int | str) -> str:
    """SQL: the rows of one example in a table; `number` is its number, or SQL of it."""
    return f"SELECT * EXCLUDE ({NUMBER}) FROM {_SCHEMA}.{table} WHERE {NUMBER} = {number}"


class Partitioned:
    """An `Engine` that runs each statement for every example: as a LATERAL join, SQL's own word for
    "for each". It creates tables of rows; views are kept as text until they are read.
    """

    def __init__(self, engine: Engine, numbers: Sequence[int]) -> None:
        self._engine = engine
        self._tables: set[str] = set()
        self._views: dict[str, str] = {}
        engine.run(f"CREATE SCHEMA {_SCHEMA}")
        engine.run(f"CREATE TABLE {_SCHEMA}.{_THIS} ({NUMBER} BIGINT)")
        engine.insert(f"{_SCHEMA}.{_THIS}", [(n,) for n in numbers])

    def run(self, sql: str, params: Sequence[Any] = ()) -> None:
        """Run a statement for each example.

        Raises Error where it is of a kind that neither models nor checks use.
        """
        for pattern, action in _STATEMENTS:
            if match := pattern.fullmatch(sql):
                if statement := action(self, *match.groups("")):
                    self._engine.run(statement, params)
                return
        raise Error(f"cannot be run for each example: {sql[:60]}")

    def numbered_rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of all examples, each behind the number of its example."""
        return self._engine.rows(self._for_each(sql), params)

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of all examples, without their numbers."""
        return [row[1:] for row in self.numbered_rows(sql, params)]

    def each(self, sql: str, most: int = 1000) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of all examples, without their numbers."""
        return (row[1:] for row in self._engine.each(self._for_each(sql), most))

    def one(self, sql: str, params: Sequence[Any] = ()) -> Any:
        """Return the greatest value of all examples: steps ask whether there is any, and what they
        do then changes nothing where there is none.
        """
        return max((v for (v,) in self.rows(sql, params) if v is not None), default=None)

    def insert(self, table: str, rows: Sequence[tuple[str | int | datetime, ...]]) -> None:
        """Insert the same rows for each example. They stand once: copies of a long list take
        seconds.
        """
        if not rows:
            return
        name, apart, shared = (f"{_SCHEMA}.{part}{table}" for part in ("", "apart_", "shared_"))
        self._engine.run(f"ALTER TABLE {name} RENAME TO apart_{table}")
        self._engine.run(
            f"CREATE TABLE {shared} AS SELECT * EXCLUDE ({NUMBER}) FROM {apart} LIMIT 0"
        )
        self._engine.insert(shared, rows)
        self._engine.run(
            f"CREATE VIEW {name} AS SELECT * FROM {apart} UNION ALL"
            f" SELECT * FROM {_SCHEMA}.{_THIS} CROSS JOIN {shared}"
        )

    def insert_numbered(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows of which each begins with the number of its example."""
        self._engine.insert(f"{_SCHEMA}.{table}", rows)

    def here(self, sql: str) -> str:
        """Return SQL of the same rows that reads only what lies on this machine: itself."""
        return sql

    def columns(self, sql: str) -> list[tuple[str, str]]:
        """Return (name, type) of a query's columns without running it."""
        return self._engine.columns(self._for_each(sql))[1:]

    def write_parquet(self, sql: str, path: Path, compression: str = "snappy") -> None:
        """Write the rows of all examples to a Parquet file, with their numbers."""
        self._engine.write_parquet(self._for_each(sql), path, compression)

    def show_parquet(self, name: str, paths: Sequence[Path]) -> None:
        """Create a view of the rows of Parquet files."""
        self._engine.show_parquet(name, paths)

    def side_by_side(self, *jobs: Callable[[Self], None]) -> None:
        """Run jobs in sequence: they are one transaction."""
        for job in jobs:
            job(self)

    def twin(self) -> Self:
        """Return a second connection to the same tables, for another thread."""
        twin = copy(self)
        twin._engine = self._engine.twin()
        return twin

    def answer(self, name: str, query: str, numbers: Iterable[int]) -> None:
        """Make a table of the rows that a query gives for some examples."""
        chosen = f"{_THIS}.{NUMBER} IN ({', '.join(map(str, numbers))})"
        self._engine.run(
            f"CREATE OR REPLACE TABLE {_SCHEMA}.{name} AS {self._for_each(query)} WHERE {chosen}"
        )

    def show(self, world: Engine) -> None:
        """Make views of all tables in a world of the engine: each has the rows of the example whose
        number the variable holds.
        """
        number = f"getvariable('{NUMBER}')"
        for name in sorted(self._tables):
            world.run(f"CREATE VIEW {name} AS {rows_of(name, number)}")
        for name, sql in self._views.items():
            world.run(f"CREATE VIEW {name} AS {sql}")

    @property
    def views(self) -> frozenset[str]:
        """The names of its views."""
        return frozenset(self._views)

    def _for_each(self, query: str) -> str:
        return (
            f"SELECT {_THIS}.{NUMBER}, q.* FROM {_SCHEMA}.{_THIS} AS {_THIS},"
            f" LATERAL ({self._restricted(query, _THIS)}\n) AS q"  # a line may end in a comment
        )

    def _restricted(self, sql: str, outer: str, at: int = 0) -> str:
        """Return SQL, from a place on, in which a table holds the rows of the example that a row of
        `outer` belongs to.
        """
        pieces = []
        for start, end, is_renamed in named_tables(sql):
            name = sql[start:end]
            if start < at:
                continue
            if name in self._views:
                rows = self._restricted(self._views[name], outer)
            elif name in self._tables:
                rows = rows_of(name, f"{outer}.{NUMBER}")
            else:
                continue
            pieces += [sql[at:start], f"({rows}\n)", "" if is_renamed else f" AS {name}"]
            at = end
        return "".join([*pieces, sql[at:]])

    def _create(self, replaces: str, name: str, columns: str) -> str:
        self._tables.add(name)
        return f"CREATE {replaces}TABLE {_SCHEMA}.{name} ({NUMBER} BIGINT, {columns})"

    def _fill(self, replaces: str, name: str, query: str) -> str:
        statement = f"CREATE {replaces}TABLE {_SCHEMA}.{name} AS {self._for_each(query)}"
        self._tables.add(name)
        return statement

    def _keep_view(self, name: str, query: str) -> str:
        self._views[name] = query
        return ""

    def _insert(self, name: str, by_name: str, query: str) -> str:
        return f"INSERT INTO {_SCHEMA}.{name} {by_name}{self._for_each(query)}"

    def _update(self, statement: str, name: str) -> str:
        changes = self._restricted(statement, name, statement.index(name) + len(name))
        return f"UPDATE {_SCHEMA}.{name}{changes}"

    def _rename(self, name: str, new_name: str) -> str:
        self._tables.remove(name)
        self._tables.add(new_name)
        return f"ALTER TABLE {_SCHEMA}.{name} RENAME TO {new_name}"

    def _drop(self, name: str) -> str:
        self._tables.remove(name)
        return f"DROP TABLE {_SCHEMA}.{name}"

    def _define(self, macros: str) -> str:
        return macros


_STATEMENTS: Sequence[tuple[re.Pattern[str], Callable[..., str]]] = tuple(
    (re.compile(pattern, re.DOTALL), action)
    for pattern, action in (
        (r"CREATE (OR REPLACE )?TABLE (?:IF NOT EXISTS )?(\w+) \((.*)\)", Partitioned._create),
        (r"CREATE (OR REPLACE )?TABLE (\w+) AS (.*)", Partitioned._fill),
        (r"CREATE VIEW (\w+) AS (.*)", Partitioned._keep_view),
        (r"INSERT INTO (\w+) (BY NAME )?(.*)", Partitioned._insert),
        (r"(UPDATE (\w+) SET .*)", Partitioned._update),
        (r"ALTER TABLE (\w+) RENAME TO (\w+)", Partitioned._rename),
        (r"DROP TABLE (\w+)", Partitioned._drop),
        (r"(CREATE OR REPLACE MACRO .*)", Partitioned._define),
    )
)
"""What a statement looks like -> what returns it for all examples; '' where nothing has to run."""
