"""Events in a Spark session, all else beside them in DuckDB. In: SQL of ours. Out: rows, or Parquet
files.

What reads a table that Spark holds runs there, and results and aggregates come back; what does not
runs here. Lists of an organisation are small: they go to Spark when a query joins them to events.
"""

from __future__ import annotations

import itertools
import re
import warnings
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, Self, TypeVar

from sqlglot import exp

from reporter.engine.base import Error
from reporter.engine.duckdb import DEFAULT_MEMORY, DuckDB
from reporter.engine.translation.portable import base_tables, expanded, parsed, reads
from reporter.engine.translation.spark_sql import for_spark, in_spark
from reporter.engine.translation.sql_nodes import NotPortable
from reporter.errors import InputError

if TYPE_CHECKING:
    import pyarrow
    from pyspark.sql import DataFrame, SparkSession

SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.storeAssignmentPolicy": "ANSI",
    # With it, Spark 4.3 fails on an EXISTS within a CASE: "key not found" in PruneFilters.
    "spark.sql.constraintPropagation.enabled": "false",
}
"""What a session is set to while it works for us; parity is proven with these."""
QUIET = {"spark.ui.showConsoleProgress": "false", "spark.log.level": "ERROR"}
"""Settings of a session that we open."""
MOST_KEPT = 2_000_000
"""Events that are kept in the memory of Spark; more are read from their files each time."""
Key = tuple[object, ...]
"""What a view in Spark was made from: it is made anew where that differs."""
T = TypeVar("T")
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
_ROW, _FILES = "file_row_number", "reporter_files_"


def open_session() -> SparkSession:
    """Return the session that is active, or one as the settings of Spark on this machine say.

    Raises InputError where pyspark, Java or the cluster cannot be reached.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of pandas 3, which is not used here
            from pyspark.sql import SparkSession
    except ImportError as error:
        raise InputError(
            f"--engine spark needs pyspark: {error}", hint="pip install 'agent-reporter[spark]'"
        ) from error
    try:
        if active := SparkSession.getActiveSession():
            return active
        builder = SparkSession.builder.appName("reporter")
        for name, value in QUIET.items():
            builder = builder.config(name, value)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a session elsewhere keeps its own
            return builder.getOrCreate()
    except _failures() as error:  # Java, the master or the address of Spark Connect
        why = str(error).strip().splitlines()[0]
        raise InputError(
            f"no Spark session could be opened: {why}",
            hint="Check Java, SPARK_HOME, SPARK_REMOTE or spark-defaults.conf.",
        ) from error


@dataclass(slots=True)
class Shared:
    """What all connections of an engine know of its Spark session."""

    session: SparkSession
    large: frozenset[str]
    held: dict[str, str] = field(default_factory=dict)
    """Relation whose rows Spark has -> the query that it is."""
    views: dict[str, str] = field(default_factory=dict)
    """View of tables of ours -> the query that it is."""
    placed: dict[str, tuple[str, Key]] = field(default_factory=dict)
    """Relation -> its view in Spark, and what it was made from."""
    files: list[str] = field(default_factory=list)
    """Views in Spark of files."""
    changes: Counter[str] = field(default_factory=Counter)
    """Table of ours -> how often it changed."""
    macros: dict[str, tuple[tuple[str, ...], str]] = field(default_factory=dict)
    are_few: bool | None = None
    """Whether the relations that Spark holds fit in its memory; None: not asked yet."""
    lock: Any = field(default_factory=RLock)
    numbers: Iterator[int] = field(default_factory=itertools.count)


class Spark(DuckDB):
    """An `Engine` of two: relations named in `large`, and views of them, are rows in Spark. Close
    it to leave the session as it was.
    """

    def __init__(
        self,
        work: Path,
        spark: SparkSession,
        memory: str = DEFAULT_MEMORY,
        room: str = "",
        large: Collection[str] = ("in_events",),
    ) -> None:
        """Take a session of the user's, which stays open."""
        self._shared = Shared(spark, frozenset(large))
        super().__init__(work, memory, room)
        self._is_first = True
        self._before = {name: spark.conf.get(name, None) for name in SETTINGS}
        for name, value in SETTINGS.items():
            spark.conf.set(name, value)

    def __exit__(self, *raised: object) -> None:
        if self._is_first:
            shared, session = self._shared, self._shared.session
            for view in (*(v for v, _ in shared.placed.values()), *shared.files):
                session.catalog.dropTempView(view)
            for name, value in self._before.items():
                if value is None:
                    session.conf.unset(name)
                else:
                    session.conf.set(name, value)
        super().__exit__(*raised)

    def version(self) -> str:
        """Return the versions of both, for the manifest."""
        return f"{super().version()}, spark {self._shared.session.version}"

    def twin(self) -> Self:
        """Return a second connection to the same tables, here and in Spark."""
        connection = super().twin()
        connection._is_first = False
        return connection

    def run(self, sql: str, params: Sequence[Any] = ()) -> None:
        """Execute one statement for its effect, where the rows are that it reads.

        Raises Error for a statement of another kind over rows that Spark has.
        """
        shared = self._shared
        for name, names, body in _MACRO.findall(sql):
            shared.macros[name] = tuple(n.strip() for n in names.split(",") if n.strip()), body
        made, added, renamed = _MADE.match(sql), _ADDED.match(sql), _RENAMED.match(sql)
        if made and made[1] == "VIEW":
            super().run(sql, params)
            is_held = made[2] in shared.large or self._is_held(made[3])
            (shared.held if is_held else shared.views)[made[2]] = made[3]
        elif renamed and renamed[1] in shared.held:
            super().run(sql, params)
            shared.held[renamed[2]] = shared.held.pop(renamed[1])
        elif dropped := _DROPPED.match(sql):
            super().run(sql, params)
            shared.held.pop(dropped[1], None)
        elif made and self._is_held(made[3]):
            self._take(sql[: made.start(3)], made[3])
        elif added and self._is_held(added[3]):
            self._take(added[1], added[3])
        elif self._is_held(sql):
            raise Error(f"Spark cannot carry out: {sql[:200]}")
        else:
            super().run(sql, params)
        for name in CHANGES.findall(sql):
            shared.changes[name] += 1

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a query; for results a person could scroll."""
        return super().rows(sql if sql.startswith("DESCRIBE") else self.here(sql), params)

    def each(self, sql: str, most: int = 1000) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query in batches; other statements may run meanwhile."""
        if not self._is_held(sql):
            yield from super().each(sql, most)
            return
        name = f"fetched_{next(self._shared.numbers)}"  # seen by the cursor that reads it
        self._take(f"CREATE TABLE {name} AS ", sql)
        yield from super().each(f"SELECT * FROM {name}", most)
        super().run(f"DROP TABLE {name}")

    def one(self, sql: str, params: Sequence[Any] = ()) -> Any:
        """Return the single value of a query, or how many rows an INSERT added; raise Error for one
        of rows that Spark has.
        """
        if (added := _ADDED.match(sql)) and self._is_held(added[3]):
            raise Error(f"Spark cannot carry out: {sql[:200]}")
        if added:
            self._shared.changes[added[2]] += 1
            return super().one(sql, params)
        return super().one(self.here(sql), params)

    def write_parquet(self, sql: str, path: Path, compression: str = "snappy") -> None:
        """Write a query's rows to a Parquet file on this machine."""
        super().write_parquet(self.here(sql), path, compression)

    def show_parquet(self, name: str, paths: Sequence[Path]) -> None:
        """Create a view of the rows of Parquet files that lie here."""
        super().show_parquet(name, paths)
        self._shared.changes[name] += 1

    def here(self, sql: str) -> str:
        """Return SQL of the same rows that reads only what lies here: rows that Spark has come
        back first.
        """
        if not self._is_held(sql):
            return sql
        name = f"fetched_{next(self._shared.numbers)}"
        self._take(f"CREATE TEMP TABLE {name} AS ", sql)
        return f"SELECT * FROM {name}"

    def _is_held(self, sql: str) -> bool:
        """Tell whether a query reads what Spark has; most are told by their words."""
        held = self._shared.held
        if not held or not held.keys() & set(_WORD.findall(sql)):
            return False
        return not held.keys().isdisjoint(tables_in(sql))

    def _take(self, head: str, query: str) -> None:
        """Run a query in Spark, and a statement that begins with `head` over its rows here."""
        kinds = self.columns(query)
        rows = _asked(lambda: self._frame(query).toArrow()).rename_columns([n for n, _ in kinds])
        name = f"arrow_{next(self._shared.numbers)}"
        cast = ", ".join(f'CAST("{n}" AS {kind}) AS "{n}"' for n, kind in kinds)
        self.take_arrow(f"{head} SELECT {cast} FROM {name}", name, rows)

    def _frame(self, query: str) -> DataFrame:
        """Return a query of ours as one of Spark; what it reads of ours goes there first."""
        try:
            tree = expanded(parsed(query), self._shared.macros)
            for call in list(tree.find_all(exp.ReadParquet)):
                self._read_files(call)
            tables = [t for t in base_tables(tree) if not t.name.startswith(_FILES)]
            lists = {n for t in tables for n, kind in self._kinds(t.name) if kind.endswith("[]")}
            rewritten = for_spark(tree, lambda t: [n for n, _ in self._kinds(t)], lists)
            for table in base_tables(rewritten):
                if not table.name.startswith(_FILES):
                    view = self._place(table.name)
                    table.replace(exp.to_table(view, alias=table.alias or table.name))
            text = in_spark(rewritten)
        except NotPortable as error:
            raise Error(f"no translation for Spark: {error}") from error
        return _asked(lambda: self._shared.session.sql(text))

    def _place(self, name: str) -> str:
        """Return the view in Spark of a relation, made anew where what it rests on has changed."""
        shared = self._shared
        with shared.lock:
            key = self._key(name)
            view, before = shared.placed.get(name, ("", ()))
            if view and before == key:
                return view
            frame = self._frame(shared.held[name]) if name in shared.held else self._sent(name)
            if name in shared.held and self._are_few(frame, name):
                # Its rows, and no plan that each query over it would be analysed with.
                frame = _asked(frame.localCheckpoint)
            new = f"reporter_{next(shared.numbers)}_{name}"
            _asked(lambda: frame.createOrReplaceTempView(new))
            shared.placed[name] = new, key
            if view:
                shared.session.catalog.dropTempView(view)
        return new

    def _are_few(self, frame: DataFrame, name: str) -> bool:
        """Tell whether rows that are read again and again fit in memory; asked of the largest."""
        shared = self._shared
        if name in shared.large and shared.are_few is None:
            shared.are_few = _asked(frame.limit(MOST_KEPT + 1).count) <= MOST_KEPT
        return bool(shared.are_few)

    def _key(self, name: str) -> Key:
        """Return what the rows of a relation rest on."""
        shared = self._shared
        query = shared.held.get(name) or shared.views.get(name)
        read = sorted(tables_in(query)) if query else []
        return (name, shared.changes[name], *(self._key(n) for n in read))

    def _sent(self, name: str) -> DataFrame:
        """Return a table of ours as a frame of Spark, in types that it has."""
        kinds = self._kinds(name)
        columns = ", ".join(f'CAST("{n}" AS {for_arrow(kind)}) AS "{n}"' for n, kind in kinds)
        rows = self.arrow(f"SELECT {columns} FROM {name}").combine_chunks()
        if not len(rows):
            rows = rows.schema.empty_table().from_batches([_nothing(rows.schema)])
        return _asked(lambda: self._shared.session.createDataFrame(rows))

    def _read_files(self, call: exp.ReadParquet) -> None:
        """Let a query read Parquet files in Spark, with the number of a row in its file and of that
        in the list.
        """
        from pyspark.sql import functions as f

        spark, table = self._shared.session, call.find_ancestor(exp.Table)
        select = call.parent_select
        assert table and select  # where else would a file be read
        paths = [Path(p.name) for p in call.expressions[0].expressions]
        kinds = self.columns(f"SELECT * FROM {call.sql(dialect='duckdb')}")
        names = [n for n, _ in kinds if n != _ROW]
        plain = [f"`{n}`" for n in names]
        numbers = [(path.name, i) for i, path in enumerate(paths)]
        # Spark tells a name as in a URL, in which + would be a blank.
        name = "url_decode(replace(_metadata.file_name, '+', '%2B')) AS file_name"
        number = "coalesce(file_index, CAST(raise_error('another file: ' || file_name) AS BIGINT))"

        def frame() -> DataFrame:
            listed = spark.createDataFrame(numbers, "file_name string, file_index bigint")
            rows = spark.read.parquet(*map(_address, paths))
            rows = rows.selectExpr(*plain, f"_metadata.row_index AS {_ROW}", name)
            rows = rows.join(f.broadcast(listed), "file_name", "left")
            return rows.selectExpr(*plain, _ROW, f"{number} AS file_index")

        view = f"{_FILES}{next(self._shared.numbers)}"
        _asked(lambda: frame().createOrReplaceTempView(view))
        self._shared.files.append(view)
        written: list[exp.Expr] = []
        alias = table.alias or view
        for item in select.expressions:
            star = item.this if isinstance(item, exp.Column) else item
            if isinstance(star, exp.Star) and (item.text("table") or alias) == alias:
                left_out = {c.name for c in star.args.get("except_") or ()}
                written += (exp.column(n, alias) for n in names if n not in left_out)
            else:
                written.append(item)
        select.set("expressions", written)
        table.replace(exp.to_table(view, alias=alias))

    def _kinds(self, table: str) -> list[tuple[str, str]]:
        return self.columns(f"SELECT * FROM {table}")


def for_arrow(kind: str) -> str:
    """Return the type in which a column goes to Spark."""
    if kind.startswith("ENUM"):
        return "VARCHAR"
    return {"UBIGINT": "DECIMAL(20,0)", "HUGEINT": "DECIMAL(38,0)", "JSON": "VARCHAR"}.get(
        kind, kind
    )


def _nothing(schema: pyarrow.Schema) -> pyarrow.RecordBatch:
    import pyarrow as pa

    return pa.RecordBatch.from_arrays([pa.array([], f.type) for f in schema], schema=schema)


def _address(path: Path) -> str:
    """Return a path as Spark knows it: of Databricks, what all of its machines see."""
    text = str(path.absolute())
    return text if text.startswith("/Volumes/") else f"file:{text}"


def _asked(question: Callable[[], T]) -> T:
    """Return what Spark answers; raise Error with the first line of what it says instead."""
    try:
        return question()
    except _failures() as error:
        raise Error(f"Spark: {str(error).strip().splitlines()[0][:500]}") from error


@cache
def _failures() -> tuple[type[Exception], ...]:
    """Return what Spark raises: of its own, and of the way to its Java."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    return PySparkException, Py4JError


@lru_cache(maxsize=4096)
def tables_in(query: str) -> frozenset[str]:
    """Return the tables that a statement reads, by the names that it gives them."""
    try:
        return frozenset(reads(parsed(query)))
    except NotPortable:
        return frozenset(_WORD.findall(query))
