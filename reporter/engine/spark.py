"""Events in a Spark session, all else beside them in DuckDB. In: SQL of ours. Out: rows, or Parquet
files.

What reads a table that Spark holds runs there, and results and aggregates come back; what does not
runs here. Lists of an organisation are small: they go to Spark when a query joins them to events.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sqlglot import exp

from reporter.engine.base import Error
from reporter.engine.duckdb import DEFAULT_MEMORY
from reporter.engine.event_table import PARQUET, ROWS, EventTable, TablePlace, matched
from reporter.engine.federated import Federated, for_arrow, tables_in
from reporter.engine.spark_errors import asked, failures, why
from reporter.engine.translation.dialects import DATABRICKS
from reporter.engine.translation.portable import base_tables, expanded, parsed
from reporter.engine.translation.spark_sql import for_spark, in_spark
from reporter.engine.translation.sql_nodes import NotPortable
from reporter.errors import InputError

if TYPE_CHECKING:
    import pyarrow
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.conf import RuntimeConfig

KINDS = DATABRICKS.kinds
"""Type of ours -> type of Spark."""
SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.storeAssignmentPolicy": "ANSI",
    # With it, Spark 4.3 fails on an EXISTS within a CASE: "key not found" in PruneFilters.
    "spark.sql.constraintPropagation.enabled": "false",
    # Files that are gone or damaged would be left out without a word.
    "spark.sql.files.ignoreMissingFiles": "false",
    "spark.sql.files.ignoreCorruptFiles": "false",
}
"""What a session is set to while it works for us; parity is proven with these."""
QUIET = {"spark.ui.showConsoleProgress": "false", "spark.log.level": "ERROR"}
"""Settings of a session that we open."""
MOST_KEPT = 2_000_000
"""Events that are kept in the memory of Spark; more are read from their files each time."""
Key = tuple[object, ...]
"""What a view in Spark was made from: it is made anew where that differs."""
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
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a session elsewhere keeps its own settings
            if active := SparkSession.getActiveSession():
                return active
            builder = SparkSession.builder.appName("reporter")
            for name, value in QUIET.items():
                builder = builder.config(name, value)
            return builder.getOrCreate()
    except failures() as error:  # Java, the master or the address of Spark Connect
        raise InputError(
            f"no Spark session could be opened: {why(error)}",
            hint="Check Java, SPARK_HOME, SPARK_REMOTE or spark-defaults.conf.",
        ) from error


@dataclass(slots=True)
class Session:
    """What all connections of an engine know of its Spark session."""

    spark: SparkSession
    rows: DataFrame | None = None
    """The table of events that it reads, where that is not in files."""
    placed: dict[str, tuple[str, Key]] = field(default_factory=dict)
    """Relation -> its view in Spark, and what it was made from."""
    files: list[str] = field(default_factory=list)
    """Views in Spark of files."""
    are_few: bool | None = None
    """Whether the relations that Spark holds fit in its memory; None: not asked yet."""


class Spark(Federated):
    """An `Engine` of two: relations named in `large`, and views of them, are rows in Spark. Close
    it to leave the session as it was.
    """

    def __init__(
        self,
        work: Path,
        spark: SparkSession,
        memory: str = DEFAULT_MEMORY,
        room: str = "",
        events: TablePlace | None = None,
    ) -> None:
        """Take a session of the user's, which stays open, and a table of events that it reads.

        Raises InputError where there is no such table, or it has other columns; or where the
        session cannot be reached, or set to what parity needs.
        """
        self._session = Session(spark)
        super().__init__(work, memory, room, (ROWS,) if events else ("in_events",))
        self._is_first = True
        self._before: dict[str, str | None] = {}
        try:
            self._set()
            if events:
                self._read_table(events)
        except BaseException as error:
            self.__exit__(error)
            raise

    def _set(self) -> None:
        """Set the session as parity needs it; a service may refuse what is not so already."""
        conf = self._session.spark.conf
        for name, value in SETTINGS.items():
            try:
                before = conf.get(name, None)
                conf.set(name, value)
            except failures() as error:
                if _has(conf, name, value):
                    continue
                raise InputError(
                    f"this Spark session cannot be set to {name}={value}: {why(error)}",
                    hint="With other settings results could differ. Hand over a session of a"
                    " cluster of your own, as serverless compute refuses most settings.",
                ) from error
            self._before[name] = before

    def __exit__(self, *raised: object) -> None:
        try:
            if self._is_first:
                asked(self._set_back)
        except Error:
            if not any(raised):  # else the session is gone, as that error says
                raise
        finally:
            super().__exit__(*raised)

    def _set_back(self) -> None:
        session, spark = self._session, self._session.spark
        for view in (*(v for v, _ in session.placed.values()), *session.files):
            spark.catalog.dropTempView(view)
        for name, value in self._before.items():
            if value is None:
                spark.conf.unset(name)
            else:
                spark.conf.set(name, value)

    def version(self) -> str:
        """Return the versions of both, for the manifest."""
        return f"{super().version()}, spark {self._session.spark.version}"

    def twin(self) -> Self:
        """Return a second connection to the same tables, here and in Spark."""
        connection = super().twin()
        connection._is_first = False
        return connection

    def _take(self, head: str, query: str) -> None:
        kinds = self.columns(query)
        rows = asked(lambda: self._frame(query).toArrow()).rename_columns([n for n, _ in kinds])
        name = f"arrow_{next(self._relations.numbers)}"
        cast = ", ".join(f'CAST("{n}" AS {kind}) AS "{n}"' for n, kind in kinds)
        self.take_arrow(f"{head} SELECT {cast} FROM {name}", name, rows)

    def _read_table(self, events: TablePlace) -> None:
        """Have Spark read a table of events; raise InputError where that cannot be done."""
        spark = self._session.spark
        path = events.path if events.is_address else _address(Path(events.path))

        def read(**options: str) -> DataFrame:
            if not events.format:
                return spark.table(events.path)
            return spark.read.format(events.format).options(**options).load(path)

        try:
            if events.format == PARQUET:
                frame = read(mergeSchema="true")
                n_left_out = len(read(recursiveFileLookup="true").inputFiles())
                n_left_out -= len(frame.inputFiles())
            else:
                frame, n_left_out = read(), 0
            kinds = frame.dtypes
        except failures() as error:
            raise InputError(f"Spark cannot read this table: {why(error)}", events.text) from error
        if n_left_out:
            raise InputError(
                f"{n_left_out} files lie in folders within it, and Spark does not read these",
                events.text,
                "Give a pattern such as parquet:PATH/*/*.parquet, or name folders KEY=VALUE.",
            )
        columns = matched(events.text, kinds)
        self._session.rows = frame.selectExpr(*columns.written("`", KINDS.__getitem__))
        self.event_table = EventTable(
            events.text, "Spark", missing=columns.missing, unread=columns.unread
        )

    def _frame(self, query: str) -> DataFrame:
        """Return a query of ours as one of Spark; what it reads of ours goes there first."""
        try:
            tree = expanded(parsed(query), self._relations.macros)
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
        return asked(lambda: self._session.spark.sql(text))

    def _place(self, name: str) -> str:
        """Return the view in Spark of a relation, made anew where what it rests on has changed."""
        session, relations = self._session, self._relations
        with relations.lock:
            key = self._key(name)
            view, before = session.placed.get(name, ("", ()))
            if view and before == key:
                return view
            is_held = name in relations.held
            frame = self._held(name) if is_held else self._sent(name)
            if is_held and self._are_few(frame, name):
                # Its rows, and no plan that each query over it would be analysed with.
                frame = asked(frame.localCheckpoint)
            new = f"reporter_{next(relations.numbers)}_{name}"
            asked(lambda: frame.createOrReplaceTempView(new))
            session.placed[name] = new, key
            if view:
                session.spark.catalog.dropTempView(view)
        return new

    def _held(self, name: str) -> DataFrame:
        """Return a relation that Spark has."""
        rows = self._session.rows if name == ROWS else None
        return self._frame(self._relations.held[name]) if rows is None else rows

    def _are_few(self, frame: DataFrame, name: str) -> bool:
        """Tell whether rows that are read again and again fit in memory; asked of the largest."""
        session = self._session
        if name in self._relations.large and session.are_few is None:
            session.are_few = asked(frame.limit(MOST_KEPT + 1).count) <= MOST_KEPT
        return bool(session.are_few)

    def _key(self, name: str) -> Key:
        """Return what the rows of a relation rest on."""
        relations = self._relations
        query = relations.held.get(name) or relations.views.get(name)
        read = sorted(tables_in(query)) if query else []
        return (name, relations.changes[name], *(self._key(n) for n in read))

    def _sent(self, name: str) -> DataFrame:
        """Return a table of ours as a frame of Spark, in types that it has."""
        kinds = self._kinds(name)
        columns = ", ".join(f'CAST("{n}" AS {for_arrow(kind)}) AS "{n}"' for n, kind in kinds)
        rows = self.arrow(f"SELECT {columns} FROM {name}").combine_chunks()
        if len(rows):
            return asked(lambda: self._session.spark.createDataFrame(rows))
        # Spark Connect takes no table without rows.
        return asked(lambda: self._session.spark.createDataFrame(_nulls(rows.schema)).limit(0))

    def _read_files(self, call: exp.ReadParquet) -> None:
        """Let a query read Parquet files in Spark, with the number of a row in its file and of that
        in the list.
        """
        from pyspark.sql import functions as f

        spark, table = self._session.spark, call.find_ancestor(exp.Table)
        select = call.parent_select
        assert table and select  # where else would a file be read
        paths = [Path(p.name) for p in call.expressions[0].expressions]
        kinds = self.columns(f"SELECT * FROM {call.sql(dialect='duckdb')}")
        names = [n for n, _ in kinds if n != _ROW]
        plain = [f"`{n}`" for n in names]
        numbers = [(path.name, i) for i, path in enumerate(paths)]
        if len({name for name, _ in numbers}) < len(paths):
            raise Error("Spark tells files by their names alone, and two have the same")
        # Spark tells a name as in a URL, in which + would be a blank.
        name = "url_decode(replace(_metadata.file_name, '+', '%2B')) AS file_name"
        number = "coalesce(file_index, CAST(raise_error('another file: ' || file_name) AS BIGINT))"

        def frame() -> DataFrame:
            listed = spark.createDataFrame(numbers, "file_name string, file_index bigint")
            rows = spark.read.parquet(*map(_address, paths))
            rows = rows.selectExpr(*plain, f"_metadata.row_index AS {_ROW}", name)
            rows = rows.join(f.broadcast(listed), "file_name", "left")
            return rows.selectExpr(*plain, _ROW, f"{number} AS file_index")

        view = f"{_FILES}{next(self._relations.numbers)}"
        asked(lambda: frame().createOrReplaceTempView(view))
        self._session.files.append(view)
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


def _has(conf: RuntimeConfig, name: str, value: str) -> bool:
    """Tell whether a setting is what we want, where it may not be set."""
    try:
        return bool(conf.get(name) == value)
    except failures():
        return False


def _nulls(schema: pyarrow.Schema) -> pyarrow.Table:
    """Return a row without any value."""
    import pyarrow as pa

    return pa.table([pa.nulls(1, f.type) for f in schema], schema=schema)


def _address(path: Path) -> str:
    """Return a path as Spark knows it: of Databricks, what all of its machines see."""
    text = str(path.absolute())
    return text if text.startswith("/Volumes/") else f"file://{text}"
