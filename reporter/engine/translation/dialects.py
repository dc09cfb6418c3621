"""How warehouses differ. In: a tree of our SQL. Out: text for one of them, or NotPortable.

What runs for Databricks is the translation for Spark, which is proven by running both.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from reporter.engine.translation.spark_sql import Columns, for_spark, in_spark
from reporter.engine.translation.sql_nodes import NotPortable

Kinds = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Dialect:
    """The SQL of one warehouse."""

    title: str
    rewrite: Callable[[exp.Expr, Columns, Collection[str]], exp.Expr]
    """Rewrite a tree of ours; raises NotPortable."""
    text: Callable[[exp.Expr], str]
    kinds: Mapping[str, str]
    """Type of ours -> type there."""
    quote: str
    read_list: Callable[[str, Kinds], str]
    """SQL: the rows of a file of a list."""
    keep: Callable[[str, str], str]
    """SQL: leave the rows of a query in a folder, as Parquet."""
    settings: tuple[str, ...]
    """Statements to run first in each session."""
    who: str
    """SQL: one row of who runs it, when, and where."""
    shown: tuple[str, ...]
    """What was shown of this dialect: lines for the header of its scripts."""

    def name(self, column: str) -> str:
        """Return a column as an identifier."""
        return f"{self.quote}{column}{self.quote}"

    def kind(self, ours: str) -> str:
        """Return the type there; raise NotPortable where there is none."""
        if ours not in self.kinds:
            raise NotPortable(f"a column of type {ours}")
        return self.kinds[ours]


def _spark_list(path: str, kinds: Kinds) -> str:
    return f"SELECT {', '.join(f'`{n}`' for n, _ in kinds)} FROM parquet.`{path}`"


def _spark_keep(folder: str, sql: str) -> str:
    return f"INSERT OVERWRITE DIRECTORY '{folder}' USING parquet\n{sql}"


DATABRICKS = Dialect(
    "databricks",
    for_spark,
    in_spark,
    {
        "BIGINT": "bigint",
        "BOOLEAN": "boolean",
        "DATE": "date",
        "DOUBLE": "double",
        "HUGEINT": "decimal(38,0)",
        "INTEGER": "int",
        "TIMESTAMP": "timestamp_ntz",
        "UBIGINT": "decimal(20,0)",
        "VARCHAR": "string",
        "VARCHAR[]": "array<string>",
    },
    "`",
    _spark_list,
    _spark_keep,
    (
        "SET spark.sql.session.timeZone = UTC",
        "SET spark.sql.timestampType = TIMESTAMP_NTZ",
        "SET spark.sql.ansi.enabled = true",
        "SET spark.sql.constraintPropagation.enabled = false",
    ),
    "SELECT current_user() AS ran_by, CAST(current_timestamp() AS string) AS ran_at, version() AS"
    " engine",
    (
        "The translation is that of --engine spark. Like statements were run on Apache Spark 4.3.",
        "On Databricks itself they were not run.",
    ),
)
DIALECTS = {d.title: d for d in (DATABRICKS,)}
