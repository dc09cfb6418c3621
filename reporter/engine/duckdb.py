"""The only access to DuckDB. In: SQL. Out: rows, or Parquet files. Opened, filled, then locked for
good.

After `lock()` no file outside the work folder can be read or written, and no setting can be
changed.
"""

from __future__ import annotations

import errno
import os
import re
import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Self

import duckdb

from reporter.engine.base import (
    Broken,
    Error,
    Interrupted,
    OutOfMemory,
    OutOfRoom,
    Unreadable,
    quoted,
    quoted_list,
)
from reporter.engine.growing.statement_words import KnownStatements
from reporter.engine.sandbox import Stopped
from reporter.errors import InputError

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray

    from reporter.engine.event_table import EventTable
    from reporter.engine.workers import Processes

DEFAULT_MEMORY = "1GB"
_PLAIN: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
_UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


_OURS = "external_threads"
"""The setting that says how many of the engine's threads are those of its connections; it may be
changed when all others are frozen, and gives access to nothing.
"""
_AMOUNT = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([KMGT])(i?)B\s*", re.IGNORECASE)


SPILL = "spill"
"""Name of the folder that the engine spills to, in its work folder."""
PER_THREAD = 100 << 20
"""Bytes of memory for each thread of the engine: with 32 threads and 250 MB some checks failed."""
SMALL_SHARE = 64
"""Work that takes in less than this part of the memory does not wait for other work."""
FULL = os.strerror(errno.ENOSPC)
MORE_ROOM = (
    "Make room there, give --temp a folder on a larger disk, or raise --temp-size if it is set."
)
_KINDS: tuple[tuple[type[duckdb.Error], type[Error]], ...] = (
    (duckdb.InterruptException, Interrupted),
    (duckdb.InternalException, Broken),
    (duckdb.FatalException, Broken),
)
"""DuckDB's class of an error -> ours; all others are `Error`."""


_VECTORS = 64
"""Vectors of 2,048 rows that come at once as arrays."""
_ASKING = ("SELECT", "WITH", "DESCRIBE", "FROM", "(")
"""How statements begin that change nothing."""


class DuckDB(AbstractContextManager["DuckDB"]):
    """An in-memory DuckDB that spills to its work folder: an `Engine` and a context manager, with
    what intake needs besides.
    """

    event_table: EventTable | None = None
    """The table outside the workspace that events are read from."""
    executors: Processes | None = None
    """What converts files in place of this process, where another engine has such."""
    also_reached: tuple[str, ...] = ()
    """Files that may be read after the engine is locked."""
    _known: KnownStatements | None = None
    """Those that came before; None where none is expected to come again."""

    def __init__(
        self, work: Path, memory: str = DEFAULT_MEMORY, room: str = "", is_share: bool = False
    ) -> None:
        """Open it with an amount of memory, and of room for temporary files if that is limited.

        Until the engine is locked, what it spills may take half of the room, and what others lay
        in its work folder the other half. Of several processes each has a share, and one thread.
        """
        self.work = work
        self.is_share = is_share
        self._world = ""
        self._memory = 0
        self._heard: Callable[[str, Sequence[Any]], None] | None = None
        self._large = Lock()
        self._is_shared = False
        spill = work / SPILL
        spill.mkdir(parents=True, exist_ok=True)
        self._con = duckdb.connect(
            config={**_PLAIN, "memory_limit": memory, "temp_directory": str(spill)}
        )
        cores = self.threads()
        if (threads := 1 if is_share else max(1, self.memory() // PER_THREAD)) < cores:
            self.run(f"SET threads = {threads}")
        self._room = 0
        if room:
            self.run(f"SET max_temp_directory_size = {quoted(room)}")
            self._room = self._bytes("max_temp_directory_size")
            self.run(f"SET max_temp_directory_size = '{self._room // 2}B'")
        self._con.execute("SET GLOBAL TimeZone = 'UTC'")
        self._con.execute("SET enable_progress_bar = false")
        # DuckDB 2.0.1 takes a sum above joins with an empty table to be 0, and folds 1 > 0 to false
        # by it: ENT-05 then passed an agent that failed. On 300,000 events the run is no slower
        # without it. And it makes a join of an IN with five words, which loses the order of rows:
        # what is copied in order then goes on one thread.
        self._con.execute("SET disabled_optimizers = 'statistics_propagation,in_clause'")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._con.close()

    def version(self) -> str:
        """Return the engine's version, for the manifest."""
        return version()

    @property
    def is_waiting(self) -> bool:
        """Tell whether a table is empty for want of an answer."""
        return False

    def threads(self) -> int:
        """Return how many threads the engine uses."""
        return int(self.one("SELECT current_setting('threads')"))

    def memory(self) -> int:
        """Return how many bytes of memory the engine may use; intake holds itself to the same."""
        if not self._memory:  # it does not change, and intake asks for every file
            self._memory = self._bytes("memory_limit")
        return self._memory

    def _bytes(self, setting: str) -> int:
        value = str(self.one(f"SELECT current_setting({quoted(setting)})"))
        number, _, unit = value.partition(" ")
        return int(float(number) * _UNITS.get(unit, 1))

    def turn(self, size: int) -> AbstractContextManager[object]:
        """Hold back other large work while so many bytes are taken in: both share the memory."""
        return self._large if size >= self.memory() // SMALL_SHARE else nullcontext()

    def room(self) -> int:
        """Return how many bytes files in the work folder may take; 0 where nothing limits them."""
        return self._room // 2

    def make_room(self, size: int = 0) -> None:
        """Raise OutOfRoom where files in the work folder, with `size` bytes more, take too much."""
        if self._room and size + _size(self.work) > self._room // 2:
            raise OutOfRoom(
                "records on their way need more room for temporary files than half of --temp-size",
                str(self.work),
                MORE_ROOM,
            )

    def twin(self) -> Self:
        """Return a second connection to the same database, for another thread; closing it closes
        only it.
        """
        connection = type(self).__new__(type(self))
        connection.__dict__.update(self.__dict__)
        connection._con = self._con.cursor()
        if self._world:
            connection.run(f"USE {self._world}")
        return connection

    @contextmanager
    def world(self, name: str) -> Iterator[Self]:
        """Yield a connection to an empty database in this engine, dropped at the end: a hundredth
        of the cost of another engine.
        """
        with self.twin() as connection:
            connection.run(f"ATTACH ':memory:' AS {name}")
            connection.run(f"USE {name}")
            connection._world = name
            yield connection
            connection.run("USE memory")
            connection.run(f"DETACH {name}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what is done inside as a whole, or nothing of it; no other connection sees it
        before the end.
        """
        self.run("BEGIN")
        try:
            yield
        except BaseException:
            self.run("ROLLBACK")
            raise
        self.run("COMMIT")

    def side_by_side(self, *jobs: Callable[[Self], None]) -> None:
        """Run jobs that create tables of their own, two at a time, each on its own connection; what
        runs out of memory beside another job is tried again alone.

        In a world, which has one thread and is filled in one transaction, they run in sequence, as
        they do where statements are recorded.
        """

        def lacks_memory(job: Callable[[Self], None]) -> bool:
            with self.twin() as connection:
                try:
                    job(connection)
                except OutOfMemory:
                    return True
            return False

        if self._world or self._heard:
            for job in jobs:
                job(self)
            return
        with ThreadPoolExecutor(2) as pool:
            lacking = list(pool.map(lacks_memory, jobs))
        for job in (j for j, lacks in zip(jobs, lacking, strict=True) if lacks):
            job(self)

    def share(self, count: int) -> None:
        """Let so many connections have a processor each from now on: the engine's own threads,
        which would help a single one, take a fifth of the time from several.
        """
        self.run(f"SET {_OURS} = {max(1, min(count, self.threads()))}")
        self._is_shared = True

    @contextmanager
    def shared_by(self, count: int) -> Iterator[None]:
        """Let so many connections share it meanwhile; inside another, it holds already."""
        if self._is_shared:
            yield
            return
        self.share(count)
        try:
            yield
        finally:
            self._is_shared = False
            self.run(f"SET {_OURS} = 1")

    def _worded(self, sql: str, params: Sequence[Any]) -> str:
        """Return a statement in the words that the database gets."""
        return sql

    def expect_again(self) -> None:
        """Keep statements as they were parsed, from the second time on: to read a long one takes a
        third of what it takes to plan it.
        """
        self._known = KnownStatements()

    def _read(self, sql: str) -> Any:
        return self._known.read(self._con, sql) if self._known else sql

    def run(self, sql: str, params: Sequence[Any] = ()) -> None:
        """Execute one statement for its effect."""
        self._tell(sql, params)
        with _translated_errors():
            self._con.execute(self._read(self._worded(sql, params)), list(params))

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a query; for results a person could scroll."""
        self._tell(sql, params)
        with _translated_errors():
            said = self._read(self._worded(sql, params))
            return self._con.execute(said, list(params)).fetchall()

    def each(self, sql: str, most: int = 1000) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query in batches; other statements may run meanwhile."""
        with self._con.cursor() as cursor, _translated_errors():
            result = cursor.execute(sql)
            while rows := result.fetchmany(most):
                yield from rows

    def one(self, sql: str, params: Sequence[Any] = ()) -> Any:
        """Return the single value of a query."""
        self._tell(sql, params)
        with _translated_errors():
            said = self._read(self._worded(sql, params))
            row = self._con.execute(said, list(params)).fetchone()
        return row[0] if row else None

    def teach(self, name: str, function: Callable[[str], str]) -> None:
        """Let SQL call a function from text to text; never on NULL."""
        self._con.create_function(name, function, ["VARCHAR"], "VARCHAR")

    def insert(self, table: str, rows: Sequence[tuple[str | int | datetime, ...]]) -> None:
        """Insert many rows at once, as one list per column: as VALUES they take ten times as
        long.
        """
        for sql, columns in _inserts(table, rows):
            self.run(sql, columns)

    def here(self, sql: str) -> str:
        """Return SQL of the same rows that this machine can answer: the query itself."""
        return sql

    def columns(self, sql: str) -> list[tuple[str, str]]:
        """Return (name, type) of a query's columns without running it."""
        return [(r[0], r[1]) for r in self.rows(f"DESCRIBE {sql}")]

    def aside(self) -> AbstractContextManager[None]:
        """Do something that does not have to be done again when rows are added, where an engine
        remembers what it ran.
        """
        return nullcontext()

    def arrays(self, sql: str, at_once: bool = False) -> Iterator[dict[str, NDArray[Any]]]:
        """Yield the rows of a query in portions, as an array a column; for numbers only. Other
        statements may run meanwhile. Few rows come `at_once` in half of the time.
        """
        with self._con.cursor() as cursor, _translated_errors():
            cursor.execute(self._read(sql))
            if at_once:
                yield cursor.fetchnumpy()
                return
            while len(rows := cursor.fetch_df_chunk(_VECTORS)):
                yield {str(name): rows[name].to_numpy() for name in rows.columns}

    def arrow(self, sql: str) -> pyarrow.Table:
        """Return the rows of a query as a table of Arrow; needs pyarrow."""
        with _translated_errors():
            return self._con.sql(sql).to_arrow_table()

    def take_arrow(self, statement: str, name: str, rows: pyarrow.Table) -> None:
        """Execute a statement that reads rows of Arrow as a view of that name."""
        with _translated_errors():
            self._con.register(name, rows)
            try:
                self._con.execute(statement)
            finally:
                self._con.unregister(name)

    def write_parquet(self, sql: str, path: Path, compression: str = "snappy") -> None:
        """Write a query's rows, in their order, to a Parquet file; zstd is half as large, snappy a
        tenth faster.
        """
        self.run(
            f"COPY ({sql}) TO {quoted(str(path))} "
            f"(FORMAT parquet, COMPRESSION {compression}, PRESERVE_ORDER true)"
        )

    def show_parquet(self, name: str, paths: Sequence[Path]) -> None:
        """Create a view of the rows of Parquet files."""
        self.run(f"CREATE VIEW {name} AS SELECT * FROM {parquet(*paths)}")

    def record(self, heard: Callable[[str, Sequence[Any]], None]) -> None:
        """Call a function with every statement that changes anything from here on, before it runs;
        one after another, in an order that could be run again.
        """
        self.run("SET threads = 1")
        self._heard = heard

    def _tell(self, sql: str, params: Sequence[Any]) -> None:
        if self._heard and not sql.startswith(_ASKING):
            self._heard(sql, params)

    def interrupt(self) -> None:
        """Stop the running statement; callable from another thread."""
        self._con.interrupt()

    def confine(self, folder: Path, files: Sequence[Path] = ()) -> None:
        """Lock an engine for SQL that does not ship: it reaches one folder and named files, and
        spills a limited amount to disk.
        """
        self.run(f"SET allowed_paths = {quoted_list([str(f) for f in files])}")
        self.run(f"SET max_temp_directory_size = '{MOST_SPILLED}'")
        self.run("SET python_enable_replacements = false")
        self.lock([folder])

    def lock(self, folders: Sequence[Path] = ()) -> None:
        """Restrict access: only the work folder and the given ones stay reachable, and settings are
        frozen; an engine that is locked stays as it is. What was laid aside for intake has gone, so
        all of the room is the engine's.
        """
        if self.one("SELECT current_setting('lock_configuration')"):
            return
        if self._room:
            self.run(f"SET max_temp_directory_size = '{self._room}B'")
        directories = [str(p.resolve()) + "/" for p in (self.work, *folders)]
        self.run(f"SET allowed_directories = {quoted_list(directories)}")
        if self.also_reached:
            self.run(f"SET allowed_paths = {quoted_list(self.also_reached)}")
        self.run("SET enable_external_access = false")
        self.run(f"SET allowed_configs = ['{_OURS}']")
        self.run("SET lock_configuration = true")


def _size(folder: Path) -> int:
    """Return the bytes of the files below a folder, without what the engine spills."""
    size = 0
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != SPILL]
        for name in names:
            with suppress(FileNotFoundError):  # another thread has done with it
                size += (Path(place) / name).stat().st_size
    return size


def _inserts(
    table: str, rows: Sequence[tuple[str | int | datetime, ...]]
) -> Iterator[tuple[str, list[list[Any]]]]:
    for at in range(0, len(rows), 10_000):
        columns: list[list[Any]] = [list(c) for c in zip(*rows[at : at + 10_000], strict=True)]
        lists = ", ".join(f"unnest(${n})" for n in range(1, len(columns) + 1))
        yield f"INSERT INTO {table} SELECT {lists}", columns


@contextmanager
def _translated_errors() -> Iterator[None]:
    """Translate errors into our own; too little memory is neither a defect nor bad input, so the
    message says what to do.
    """
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        first_line = str(error).splitlines()[0]
        if "max_temp_directory_size" in str(error):
            what = f"the engine needs more room for temporary files: {first_line}"
            raise OutOfRoom(what, hint=MORE_ROOM) from error
        raise OutOfMemory(
            f"the engine needs more memory: {first_line}", hint="Give more: --memory 4GB."
        ) from error
    except duckdb.IOException as error:
        if FULL in str(error):
            raise OutOfRoom(str(error).splitlines()[0], hint=MORE_ROOM) from error
        raise Unreadable(str(error)) from error
    except duckdb.Error as error:
        kind = next((ours for theirs, ours in _KINDS if isinstance(error, theirs)), Error)
        # What the SQL itself says with error(...) is no input of the user's.
        raise kind(str(error).removeprefix("Invalid Input Error: ")) from error


MOST_ROWS, LONGEST_TEXT, MOST_SPILLED = 10_000_000, 16 << 20, "4GB"
"""What a query that does not ship may return, and spill while it runs."""


def refuse_too_much(
    engine: DuckDB, path: Path, longest: int = LONGEST_TEXT, most: int = MOST_ROWS
) -> None:
    """Raise Stopped where a Parquet file has more rows, or a longer text, than the limits allow."""
    scan = parquet(path)
    names = [n for n, t in engine.columns(f"SELECT * FROM {scan}") if t == "VARCHAR"]
    lengths = "".join(f', max(strlen("{n}"))' for n in names)
    row_count, *sizes = engine.rows(f"SELECT count(*){lengths} FROM {scan}")[0]
    if row_count > most:
        raise Stopped(f"gave {row_count} rows; at most {most} are taken")
    for name, size in zip(names, sizes, strict=True):
        if (size or 0) > longest:
            raise Stopped(f"gave a {name} of {size} bytes; at most {longest} are taken")


def parquet(*paths: Path | str, numbered: bool = False) -> str:
    """SQL: the rows of Parquet files, with `file_row_number` if numbered.

    Names of folders are not read as columns: below a folder kind=human, every actor would be a
    person.
    """
    numbers = ", file_row_number = TRUE" if numbered else ""
    return (
        f"read_parquet({quoted_list([str(p) for p in paths])}, hive_partitioning = FALSE{numbers})"
    )


def amount(text: str) -> int:
    """Return the bytes of an amount of memory such as "4GB"; 0 for one that only the engine knows,
    such as a share of what the machine has.
    """
    if not (match := _AMOUNT.fullmatch(text)):
        return 0
    number, unit, binary = match.groups()
    return int(float(number) * (1024 if binary else 1000) ** ("KMGT".index(unit.upper()) + 1))


@contextmanager
def named_plainly(path: Path) -> Iterator[Path]:
    """Yield a path to a file in which the engine takes no character for a pattern."""
    if not set("*?[") & set(str(path.absolute())):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="reporter-") as folder:
        link = Path(folder) / f"plain{path.suffix}"
        link.symlink_to(path.absolute())
        yield link


def version() -> str:
    """Return the engine's version, for the manifest."""
    return f"duckdb {duckdb.__version__}"


class Parquet:
    """A Parquet file queried in SQL as the view `held`; `place` is the position of a row in it,
    counted from 0.

    Its queries reach this file and no other.
    """

    def __init__(self, path: Path, memory: str = DEFAULT_MEMORY) -> None:
        """Take a file; its queries get an amount of memory, and two threads if that is little."""
        self.path, self._memory = path, memory
        self._con: duckdb.DuckDBPyConnection | None = None
        self._plain = ExitStack()
        weakref.finalize(self, self._plain.close)

    def batches(
        self, sql: str, params: Sequence[Any] = (), most: int = 2000
    ) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the rows of a query in batches.

        Raises InputError where the file is no Parquet, or lacks such columns.
        """
        try:
            with self._connection().cursor() as cursor:
                result = cursor.execute(sql, list(params))
                while rows := result.fetchmany(most):
                    yield rows
        except duckdb.Error as error:
            why = str(error).splitlines()[0]
            raise InputError(f"cannot be read as Parquet: {why}", str(self.path)) from error

    def lay_beside(
        self,
        table: str,
        columns: Sequence[str],
        rows: Sequence[tuple[str | int, ...]],
        coded: Sequence[str] = (),
    ) -> None:
        """Create a table that queries can join with `held`; its columns are texts, or BIGINT where
        `columns` says so. Texts of `coded` columns are sorted and carried along as numbers.

        Raises InputError where the file is no Parquet.
        """
        kinds = ", ".join(c if " " in c else f'"{c}" VARCHAR' for c in columns)
        with self._connection().cursor() as cursor:
            cursor.execute(f"CREATE TABLE {table} ({kinds})")
            for sql, lists in _inserts(table, rows):
                cursor.execute(sql, lists)
            if not rows or not coded:
                return
            texts = " UNION ".join(f"SELECT {c} AS text FROM {table}" for c in coded)
            cursor.execute(f"CREATE TYPE {table}_text AS ENUM ({texts} ORDER BY text)")
            casts = ", ".join(f"CAST({c} AS {table}_text) AS {c}" for c in coded)
            cursor.execute(f"CREATE TABLE coded AS SELECT * REPLACE ({casts}) FROM {table}")
            cursor.execute(f"DROP TABLE {table}")
            cursor.execute(f"ALTER TABLE coded RENAME TO {table}")

    def _connection(self) -> duckdb.DuckDBPyConnection:
        if self._con is None:
            spill = Path(tempfile.gettempdir()) / f"reporter-spill-{os.getpid()}-{id(self)}"
            limits: dict[str, Any] = {"memory_limit": self._memory, "temp_directory": str(spill)}
            if self._memory != DEFAULT_MEMORY:
                limits["threads"] = 2
            con = duckdb.connect(config={**_PLAIN, **limits})
            path = self._plain.enter_context(named_plainly(self.path))
            con.execute(
                "CREATE VIEW held AS SELECT * RENAME (file_row_number AS place) "
                f"FROM {parquet(path, numbered=True)}"
            )
            con.execute("SET enable_progress_bar = false")
            con.execute(f"SET allowed_paths = {quoted_list([str(path)])}")
            con.execute("SET enable_external_access = false")
            con.execute("SET lock_configuration = true")
            self._con = con
        return self._con
