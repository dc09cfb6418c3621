"""What models and checks ask, and what both engines answer. In: examples. Out: statements with inputs, and differences.

All examples stand in one DuckDB, each with a number (see `reporter.authoring.partitioned`): every statement is kept
with the rows that it read and gave there. Each is then asked of Spark once for each of the different inputs.
"""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from reporter.authoring import examples
from reporter.authoring.partitioned import NUMBER, Partitioned
from reporter.content.sql_policy import compile_check
from reporter.engine.duckdb import DuckDB
from reporter.engine.spark import SETTINGS, for_arrow
from reporter.engine.translation.portable import parsed, reads
from reporter.engine.translation.spark_sql import translate
from reporter.model.assessment import Check
from reporter.schema import model_files
from reporter.schema.tables import LOADED, Table, columns_of
from reporter.schema.vocabulary import VOCABULARY
from reporter.transform import dag
from reporter.transform.derive import EVERYTHING

MACRO = re.compile(
    r"CREATE (?:OR REPLACE )?MACRO (\w+)\(([^)]*)\) AS\s(.*?)(?:;\s*(?=CREATE)|;?\s*\Z)", re.DOTALL
)
MADE = re.compile(
    r"(?:CREATE (?:OR REPLACE )?(?:TABLE|VIEW) (\w+) AS|INSERT INTO (\w+) (?:BY NAME )?(?=SELECT|WITH|FROM))\s+(.*)\Z",
    re.DOTALL,
)
SESSION = {
    "spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "1", "spark.sql.adaptive.enabled": "false",
    "spark.driver.memory": "2g", "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN", "spark.log.level": "OFF",
    "spark.sql.execution.arrow.pyspark.enabled": "true", "spark.sql.autoBroadcastJoinThreshold": "100000000",
}  # fmt: skip
"""Small work: to compile a plan to Java would take most of the time."""
Macros = Mapping[str, tuple[tuple[str, ...], str]]


def open_session() -> Any:
    """Return a session of Spark for small work, set as the product sets it."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]").appName("parity")
    for name, value in (SESSION | SETTINGS).items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    return session


@dataclass(slots=True)
class Asked:
    """A statement, with the rows that it reads; each row begins with the number of its example."""

    name: str
    sql: str
    macros: Macros
    inputs: dict[str, pa.Table]
    kinds: dict[str, dict[str, str]]
    """Table -> its columns and their types here."""


class Recorded(Partitioned):
    """Keeps every query that fills a table or is a view."""

    kept: list[Asked]
    macros: dict[str, tuple[tuple[str, ...], str]]
    seen: dict[str, pa.Table]

    def __init__(self, engine: DuckDB, numbers: Sequence[int]) -> None:
        Partitioned.__init__(self, engine, numbers)
        self.kept, self.macros, self.seen = [], {}, {}

    def run(self, sql: str, params: Sequence[Any] = ()) -> None:
        for name, names, body in MACRO.findall(sql):
            self.macros[name] = tuple(n.strip() for n in names.split(",") if n.strip()), body
        made = MADE.match(sql)
        if made and not params:
            self.keep(made[1] or made[2], made[3])
        Partitioned.run(self, sql, params)
        if made and made[1] and not made[1].startswith("in_"):
            self.seen.pop(made[1], None)
        elif "MACRO" not in sql[:30]:
            self.seen.clear()

    def insert_numbered(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        self.seen.clear()
        Partitioned.insert_numbered(self, table, rows)

    def keep(self, name: str, query: str) -> None:
        """Keep a query with what it reads."""
        inputs = {t: self.rows_of(t) for t in sorted(reads(parsed(query)))}
        kinds = {t: self.kinds_of(t) for t in inputs}
        self.kept.append(Asked(name, query, dict(self.macros), inputs, kinds))

    def rows_of(self, table: str) -> pa.Table:
        if table not in self.seen:
            self.seen[table] = self.arrow(f"SELECT * FROM {table}")
        return self.seen[table]

    def kinds_of(self, table: str) -> dict[str, str]:
        return dict(self._engine.columns(self._for_each(f"SELECT * FROM {table}"))[1:])

    def arrow(self, query: str) -> pa.Table:
        """Return rows in types that Spark has."""
        kinds = self._engine.columns(self._for_each(query))
        cast = ", ".join(f'CAST("{n}" AS {for_arrow(kind)}) AS "{n}"' for n, kind in kinds)
        return self._engine.arrow(f"SELECT {cast} FROM ({self._for_each(query)}) AS q")


@contextmanager
def _plain_kinds() -> Iterator[None]:
    """Let kinds of events be told apart by text: hashes of two engines differ, and group alike."""
    texts = dict(model_files.macro_texts())
    names, _ = texts["kind_of"]
    texts["kind_of"] = (
        names,
        "md5(" + " || '|' || ".join(f"coalesce({n}, '~')" for n in names) + ")",
    )
    before = model_files.macro_texts, dag.macro_texts
    model_files.macro_texts = dag.macro_texts = lambda: texts  # type: ignore[assignment]
    try:
        yield
    finally:
        model_files.macro_texts, dag.macro_texts = before


def recorded(
    engine: DuckDB, given: Sequence[dict[str, Any]], checks: Sequence[tuple[Check, Sequence[int]]]
) -> list[Asked]:
    """Return every statement of models and checks over some examples; a check is asked of those with its numbers."""
    import reporter.authoring.examples as module
    from reporter.schema.tables import SUBJECTS

    held: list[Recorded] = []

    def open_tables(database: DuckDB, numbers: Sequence[int]) -> Recorded:
        held.append(Recorded(database, numbers))
        return held[0]

    before = module.Partitioned
    module.Partitioned = open_tables  # type: ignore[assignment,misc]
    try:
        with _plain_kinds():
            examples._lay_out(engine, given, EVERYTHING, set(SUBJECTS))
    finally:
        module.Partitioned = before  # type: ignore[misc]
    kept = [
        asked for asked in held[0].kept if asked.name in dag.models()
    ]  # the others are steps in Python
    held[0].kept = kept
    for check, numbers in checks:
        ask(held[0], check, given, numbers)
    return kept


def ask(
    tables: Recorded, check: Check, given: Sequence[dict[str, Any]], numbers: Sequence[int]
) -> None:
    """Keep what a check says of some examples, each with the thresholds that it asks for."""
    by_sql: dict[str, list[int]] = {}
    for number in numbers:
        params = {**check.params, **given[number].get("params", {})}
        by_sql.setdefault(compile_check(check, params).sql, []).append(number)
    for sql, chosen in by_sql.items():
        tables.keep(check.id, sql)
        asked = tables.kept[-1]
        asked.inputs = {n: _only(rows, chosen) for n, rows in asked.inputs.items()}


def _only(rows: pa.Table, numbers: Collection[int]) -> pa.Table:
    import pyarrow.compute as pc

    return rows.filter(pc.is_in(rows[NUMBER], pa.array(numbers, pa.int64())))


# ---------------------------------------------------------------- asking Spark


LOCAL = {
    "change_matches": "it follows a list that grows (array_concat)",
    "declared_aliases": "it follows a list that grows (list_slice)",
    "inherited_changes": "Spark knows no UNION in a query that reads itself",
    "right_holders": "Spark knows no UNION in a query that reads itself",
}
"""Models that Spark cannot make -> why: they are small, and made here."""


def compared(session: Any, con: Any, asked: Asked, numbers: Collection[int]) -> list[str] | None:
    """Ask a statement of both engines over the rows of some examples, each row once; return how the answers differ.

    None where the statement cannot be asked here over rows of several: it expects one where there are more.
    """
    from pyspark.errors import PySparkException

    columns = {name: list(kinds) for name, kinds in asked.kinds.items()}
    lists = {
        f.name for rows in asked.inputs.values() for f in rows.schema if pa.types.is_list(f.type)
    }
    for name, (parameters, body) in asked.macros.items():
        con.execute(f"CREATE OR REPLACE MACRO {name}({', '.join(parameters)}) AS {body}")
    for name, rows in asked.inputs.items():
        con.register("chosen", _only(rows, numbers).select(columns[name]))
        typed = ", ".join(
            f'CAST("{n}" AS {kind}) AS "{n}"' for n, kind in asked.kinds[name].items()
        )
        con.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT DISTINCT {typed} FROM chosen")
        con.unregister("chosen")
    try:
        con.execute(f"CREATE OR REPLACE TEMP TABLE wanted AS {asked.sql}")
    except duckdb.Error:
        return None
    for name, kinds in asked.kinds.items():
        sent = ", ".join(f'CAST("{n}" AS {for_arrow(kind)}) AS "{n}"' for n, kind in kinds.items())
        rows = _whole(con.sql(f"SELECT {sent} FROM {name}"))
        session.createDataFrame(rows).createOrReplaceTempView(name)
    text = translate(asked.sql, asked.macros, columns.__getitem__, lists)
    try:
        got = session.sql(text).toArrow()
    except PySparkException as error:
        return [str(error).splitlines()[0]]
    return [difference for _, difference in differences(con, asked.sql, got)]


def _whole(relation: Any) -> pa.Table:
    """Return rows as one batch, also where there are none: Spark asks for one."""
    rows = relation.to_arrow_table().combine_chunks()
    if len(rows):
        return rows
    empty = pa.RecordBatch.from_arrays(
        [pa.array([], f.type) for f in rows.schema], schema=rows.schema
    )
    return pa.Table.from_batches([empty])


# ---------------------------------------------------------------- random estates

_IDS = ("a1", "a2", "ann", "bob", "k1", "svc-é")
_WORDS = (
    "", "read", "orders.read", "erp/orders/*", "*", "a%b", "a_b", "a!b", "a\\b", "it's", "İx", "Straße", "ΟΔΟΣ", " x ", "\u00a0x", "1", "L2", "a;b", "a,b;;c",
    "arn:aws:iam::123456789012:role/x", "https://h.example.com:443/p", "ann@example.com", "\x01", "2026-07-01", "active", "deploy=yes", "\U0001f600",
)  # fmt: skip
_TIMES = (
    "2026-07-01", "2026-06-30T23:59:59.999999", "2026-08-01T10:00:00.5", "2026-08-01T10:00:00.5", "2026-10-01", "1969-12-31T23:00:00", "1582-10-10",
    "9999-12-31", "2026-09-30T12:00:00", "2026-09-30T12:00:01",
)  # fmt: skip
_NUMBERS = (0, 1, -1, 2, 3, 7, 30, 10**12)


def estates(seed: int, count: int) -> list[dict[str, Any]]:
    """Return random small estates, as examples without a check; the same for the same seed."""
    dice = random.Random(seed)
    tables = [t for t in LOADED if t.name != "events"]
    found = []
    for n in range(count):
        chosen = dice.sample(tables, dice.randint(0, 6))
        names = {t.name for t in chosen} | ({"events"} if dice.random() < 0.7 else set())
        given = {
            t.name: [_row(dice, t) for _ in range(dice.randint(1, 4))]
            for t in LOADED
            if t.name in names
        }
        found.append({"name": f"estate {n}", "given": given, "dead": dice.random() < 0.2})
    return found


def _row(dice: random.Random, table: Table) -> dict[str, Any]:
    required = {c.name for c in table.columns if c.required}
    row: dict[str, Any] = {}
    for name, kind in columns_of(table):
        if name == "labels" or (name not in required and dice.random() < 0.4):
            continue
        words = VOCABULARY.get(f"{table.name}.{name}")
        is_id = name.endswith("_id") or name in ("alias", "requested_by", "approved_by")
        values: Sequence[Any] = words or {
            "VARCHAR": _IDS if is_id else (*_IDS[:2], *_WORDS), "TIMESTAMP": _TIMES, "BIGINT": _NUMBERS, "BOOLEAN": (True, False),
        }[kind]  # fmt: skip
        row[name] = dice.choice(values)
    return row


def alike(kind: str, arrow: Any) -> bool:
    """Tell whether Spark gives a column in the type that ours has."""
    if kind.endswith("[]"):
        return pa.types.is_list(arrow) and alike(kind.removesuffix("[]"), arrow.value_type)
    if kind in ("BIGINT", "INTEGER", "HUGEINT", "UBIGINT"):
        return pa.types.is_integer(arrow) or (pa.types.is_decimal(arrow) and arrow.scale == 0)
    tests = {"VARCHAR": pa.types.is_string, "JSON": pa.types.is_string, "BOOLEAN": pa.types.is_boolean, "TIMESTAMP": pa.types.is_timestamp, "DATE": pa.types.is_date}  # fmt: skip
    return bool(tests[kind](arrow)) if kind in tests else True


def differences(con: Any, query: str, got: Any) -> list[tuple[str, str]]:
    """Return (column, example) where the rows of a query here and those that Spark gave differ; '' for whole rows.

    Rows of which the first column is a number or group of its own are compared column by column.
    """
    kinds = [(name, kind) for name, kind, *_ in con.sql(f"DESCRIBE {query}").fetchall()]
    found = [
        (name, f"{name} is {kind} here, {field.type} in Spark")
        for (name, kind), field in zip(kinds, got.schema, strict=True)
        if not alike(kind, field.type)
    ]
    got = got.rename_columns([n for n, _ in kinds])
    con.register("from_spark", got)
    con.execute(f"CREATE OR REPLACE TEMP TABLE wanted AS {query}")
    cast = ", ".join(f'CAST("{n}" AS {kind}) AS "{n}"' for n, kind in kinds)
    con.execute(f"CREATE OR REPLACE TEMP TABLE got AS SELECT {cast} FROM from_spark")
    con.unregister("from_spark")
    apart = len(kinds) > 2 and kinds[1][0] == "v0"
    for name, columns in (
        [(n, f'"{kinds[0][0]}", "{n}"') for n, _ in kinds[1:]] if apart else [("", "*")]
    ):
        for one, other, side in (("wanted", "got", "here"), ("got", "wanted", "in Spark")):
            rows = con.sql(
                f"SELECT {columns} FROM {one} EXCEPT ALL SELECT {columns} FROM {other} ORDER BY 1 LIMIT 6"
            )
            found += [(name, f"only {side}: {row}") for row in rows.fetchall()]
    return found
