"""How warehouses differ. In: a tree of our SQL. Out: text for one of them, or NotPortable.

What runs for Databricks is the translation for Spark, which is proven by running both. What runs
for the others is written form by form; their probe shows where it runs what each form gives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from reporter.engine.forms.bigquery_sql import BigQuery
from reporter.engine.forms.plain_forms import Forms
from reporter.engine.forms.plain_sql import rewrite, text_of
from reporter.engine.forms.snowflake_sql import Snowflake
from reporter.engine.forms.trino_sql import Trino
from reporter.engine.forms.typed_sql import Kinds, KindsOf, kind_of_ours
from reporter.engine.translation.portable import base_tables
from reporter.engine.translation.spark_sql import for_spark, in_spark
from reporter.engine.translation.sql_nodes import NotPortable

END = "reporter_end"
"""Column of the row that ends an answer: some warehouses leave no file where there is no row."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """The SQL of one warehouse."""

    title: str
    rewrite: Callable[[exp.Expr, KindsOf], exp.Expr]
    """Rewrite a tree of ours; raises NotPortable."""
    text: Callable[[exp.Expr], str]
    kinds: Mapping[str, str]
    """Type of ours -> type there."""
    quote: str
    read_list: Callable[[str, Kinds], str]
    """SQL: the rows of a file of a list."""
    keep: Callable[[str, str], str]
    """SQL: leave the rows of a query in a folder."""
    settings: tuple[str, ...]
    """Statements to run first in each session."""
    who: str
    """SQL: one row of who runs it, when, and where."""
    shown: tuple[str, ...]
    """What was shown of this dialect: lines for the header of its scripts."""
    forms: Forms | None = None
    """With it rows leave as texts, and lists stand in the statement, for files differ too much."""

    def name(self, column: str) -> str:
        """Return a column as an identifier."""
        return f"{self.quote}{column}{self.quote}"

    def relation(self, name: str) -> str:
        """Return a relation of a statement as the trees name it."""
        return self.name(name) if self.forms else name

    def kind(self, ours: str) -> str:
        """Return the type there; raise NotPortable where there is none."""
        if ours not in self.kinds:
            raise NotPortable(f"a column of type {ours}")
        return self.kinds[ours]

    def leaves(self, column: str, ours: str) -> str:
        """SQL: a column of an answer as it leaves; raise NotPortable where it cannot."""
        name = self.name(column)
        if not self.forms:
            return f"CAST({name} AS {self.kind(ours)}) AS {name}"
        kind = kind_of_ours(ours)
        if kind == "texts":
            return f"{self.forms.json_list(name)} AS {name}"
        if kind == "text":
            return name
        return f"{self.forms.as_text(name, kind)} AS {name}"

    def ends(self) -> str:
        """SQL: the column that is null in all rows but the last."""
        assert self.forms
        return f"{self.forms.cast('NULL', 'text')} AS {self.name(END)}"

    def ended(self, sql: str, names: Sequence[str]) -> str:
        """SQL: an answer with a last row that tells that it is one."""
        if not self.forms:
            return sql
        mark, text = self.name(END), self.forms.cast("NULL", "text")
        told = "".join(f"{text} AS {self.name(n)}, " for n in names)
        end = self.forms.literal("end")
        return f"{sql}\nUNION ALL\nSELECT {told}{end} AS {mark}"

    def events(self, table: str, kinds: Kinds) -> str:
        """SQL: the rows of a table of events, in types that the statements rely on."""
        if not self.forms:
            return f"SELECT * FROM {table}"
        forms = self.forms
        columns = ", ".join(
            f"{forms.cast(forms.column(n), kind_of_ours(k))} AS {self.name(n)}" for n, k in kinds
        )
        return f"SELECT {columns} FROM {table}"

    def rows(self, kinds: Kinds, rows: Sequence[Sequence[str | None]]) -> str:
        """SQL: a list whose values were written as texts."""
        assert self.forms
        return self.forms.relation([(n, kind_of_ours(k)) for n, k in kinds], rows)


def _for_spark(tree: exp.Expr, kinds_of: KindsOf) -> exp.Expr:
    lists = {n for t in base_tables(tree) for n, k in kinds_of(t.name) if k.endswith("[]")}
    return for_spark(tree, lambda t: [n for n, _ in kinds_of(t)], lists)


def _spark_list(path: str, kinds: Kinds) -> str:
    return f"SELECT {', '.join(f'`{n}`' for n, _ in kinds)} FROM parquet.`{path}`"


def _spark_keep(folder: str, sql: str) -> str:
    return f"INSERT OVERWRITE DIRECTORY '{folder}' USING parquet\n{sql}"


DATABRICKS = Dialect(
    "databricks",
    _for_spark,
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


def by_forms(
    title: str,
    forms: Forms,
    keep: Callable[[str, str], str],
    who: str,
    shown: tuple[str, ...],
    settings: tuple[str, ...] = (),
) -> Dialect:
    """Return a dialect that is written form by form."""

    def rewritten(tree: exp.Expr, kinds_of: KindsOf) -> exp.Expr:
        return rewrite(tree, kinds_of, forms)

    def text(tree: exp.Expr) -> str:
        return text_of(tree, forms)

    def no_file(*_: Any) -> str:
        raise NotPortable("a list in a file")

    quote = "`" if title == "bigquery" else '"'
    return Dialect(title, rewritten, text, {}, quote, no_file, keep, settings, who, shown, forms)


BIGQUERY = by_forms(
    "bigquery",
    BigQuery(),
    lambda folder, sql: (
        f"EXPORT DATA OPTIONS (uri = '{folder}/*.parquet', format = 'PARQUET', overwrite = true)"
        f" AS\n{sql}"
    ),
    "SELECT SESSION_USER() AS `ran_by`, FORMAT_TIMESTAMP('%F %T', CURRENT_TIMESTAMP()) AS `ran_at`,"
    " 'BigQuery' AS `engine`",
    (
        "Its forms were run on GoogleSQL, the SQL of BigQuery, in Google's own implementation.",
        "On BigQuery itself they were not run: step 0 shows what they give there.",
    ),
)
SNOWFLAKE = by_forms(
    "snowflake",
    Snowflake(),
    lambda folder, sql: (
        f"COPY INTO '{folder}/' FROM (\n{sql}\n) FILE_FORMAT = (TYPE = PARQUET) HEADER = TRUE"
        " OVERWRITE = TRUE"
    ),
    "SELECT CURRENT_USER() AS \"ran_by\", TO_VARCHAR(SYSDATE(), 'YYYY-MM-DD HH24:MI:SS') AS"
    ' "ran_at", \'Snowflake \' || CURRENT_VERSION() AS "engine"',
    (
        "It is written from the reference of Snowflake; nothing here can run it.",
        "Step 0 shows what its forms give there.",
    ),
    ("ALTER SESSION SET TIMEZONE = 'UTC'",),
)
TRINO = by_forms(
    "trino",
    Trino(),
    lambda folder, sql: f"-- trino --output-format JSON --file FILE > {folder}/rows.json\n{sql}",
    "SELECT current_user AS \"ran_by\", CAST(CAST(current_timestamp AT TIME ZONE 'UTC' AS"
    ' timestamp(0)) AS varchar) AS "ran_at", \'Trino \' || version() AS "engine"',
    (
        "It is written from the documentation of Trino; nothing here can run it.",
        "Step 0 shows what its forms give there.",
    ),
)
DIALECTS = {d.title: d for d in (DATABRICKS, SNOWFLAKE, BIGQUERY, TRINO)}
