"""What every engine can do: eleven methods, and what may go wrong. In: SQL. Out: rows, or Parquet
files.

Intake depends on DuckDB and hands over Parquet; models, checks and everything after them rely only
on this interface.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, Self

from reporter.errors import ReporterError


class Error(Exception):
    """A statement is wrong, or cannot be carried out."""


class Interrupted(Error):
    """Somebody stopped a statement: the statement is not wrong."""


class Unreadable(Error):
    """A file has gone, or the system denies access to it: no statement is wrong."""


class Broken(Error):
    """After this error the engine answers no further statement."""


class OutOfMemory(ReporterError):
    """A statement needs more than `--memory`."""


class OutOfRoom(ReporterError):
    """The disk is full, or temporary files reach `--temp-size`."""


class Engine(Protocol):
    """A database with tables of its own. Every method raises Error or OutOfMemory where a statement
    fails.
    """

    def run(self, sql: str, params: Sequence[Any] = ()) -> None:
        """Execute one statement for its effect."""

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a query; for results a person could scroll."""

    def each(self, sql: str, most: int = 1000) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query in batches; other statements may run meanwhile."""

    def one(self, sql: str, params: Sequence[Any] = ()) -> Any:
        """Return the single value of a query; None where there is no row."""

    def insert(self, table: str, rows: Sequence[tuple[str | int | datetime, ...]]) -> None:
        """Insert many rows, in the order of the table's columns."""

    def here(self, sql: str) -> str:
        """Return SQL of the same rows that reads only what lies on this machine."""

    def columns(self, sql: str) -> list[tuple[str, str]]:
        """Return (name, type) of a query's columns without running it."""

    def write_parquet(self, sql: str, path: Path, compression: str = "snappy") -> None:
        """Write a query's rows, in their order, to a Parquet file."""

    def show_parquet(self, name: str, paths: Sequence[Path]) -> None:
        """Create a view of the rows of Parquet files."""

    def side_by_side(self, *jobs: Callable[[Self], None]) -> None:
        """Run jobs that make tables of their own, several at a time where the engine can."""

    def twin(self) -> Self:
        """Return a second connection to the same tables, for another thread."""


def quoted(text: str) -> str:
    """Return text as a SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def quoted_list(texts: Sequence[str]) -> str:
    """Return texts as a SQL list literal."""
    return "[" + ", ".join(quoted(t) for t in texts) + "]"
