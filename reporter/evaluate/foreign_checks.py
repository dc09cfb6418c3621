"""Foreign checks, run in a child process. In: an engine with tables, compiled SQL. Out: the same
check over the rows of the child.

The child opens its own engine over copies of the tables that the check reads, with only the columns
it needs.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from threading import Lock

from reporter.engine.base import Engine, Error
from reporter.engine.duckdb import DuckDB, parquet, refuse_too_much
from reporter.engine.sandbox import Child, Limits, Stopped
from reporter.model.assessment import Check
from reporter.schema.compiled import Compiled

LONGEST_TEXT = 100_000
"""Characters of a subject, reason or ref: a check that doubles a text thirty times produces a
billion.
"""


class Apart(AbstractContextManager["Apart"]):
    """Runs the given checks in a child process, one after another; all others read what the engine
    has here.
    """

    def __init__(
        self, foreign: Sequence[Compiled], work: Path, memory: str, limits: Limits
    ) -> None:
        self._foreign, self._folder, self._memory = foreign, work / "apart", memory
        self._child = Child(limits)
        self._copied: dict[str, Path] = {}
        self._lock = Lock()

    def __exit__(self, *raised: object) -> None:
        self._child.__exit__()

    def __call__(self, engine: Engine, check: Check, compiled: Compiled) -> Compiled:
        """Return a check that reads the results of the child; raise the engine's Error if there are
        none.
        """
        if replace(compiled, sql=compiled.written or compiled.sql, written="") not in self._foreign:
            return replace(compiled, sql=engine.here(compiled.sql))
        with self._lock:
            self._folder.mkdir(exist_ok=True)
            tables = {t: str(self._copy(engine, t)) for t in sorted(compiled.tables)}
            out = self._folder / f"{check.id}.{'best' if compiled.written else 'rows'}.parquet"
            try:
                self._child.call(
                    write_rows,
                    sql=compiled.sql,
                    tables=tables,
                    folder=str(self._folder),
                    out=str(out),
                    memory=self._memory,
                )
            except Stopped as error:
                raise Error(f"it {error}") from error
        return replace(compiled, sql=f"SELECT * FROM {parquet(out)}")

    def _copy(self, engine: Engine, table: str) -> Path:
        """Copy a table once, with the columns that any of the checks reads."""
        if table not in self._copied:
            columns = sorted({c for j in self._foreign for t, c in j.reads if t == table})
            self._copied[table] = self._folder / f"{table}.parquet"
            engine.write_parquet(
                f"SELECT {', '.join(columns) or '1 AS nothing'} FROM {table}", self._copied[table]
            )
        return self._copied[table]


def write_rows(sql: str, tables: dict[str, str], folder: str, out: str, memory: str) -> None:
    """Run compiled SQL over Parquet files as tables and write its rows; in the child."""
    with (
        tempfile.TemporaryDirectory(dir=folder) as work,
        DuckDB(Path(work), memory) as engine,
    ):
        engine.confine(Path(folder))
        for name, path in tables.items():
            engine.run(f"CREATE VIEW {name} AS SELECT * FROM {parquet(path)}")
        engine.write_parquet(sql, Path(out))
        refuse_too_much(engine, Path(out), LONGEST_TEXT)
