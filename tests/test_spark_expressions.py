"""Spark gives what DuckDB gives, expression by expression, over rows that are hard on them: what parity has shown is what may be translated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

pytest.importorskip("pyspark", reason="needs the extra 'spark'")
pytest.importorskip("pyarrow", reason="needs the extra 'spark'")

from spark_parity import differences, open_session
from sqlglot import exp

from reporter.engine.probe import expressions as cases
from reporter.engine.translation import spark_sql
from reporter.engine.translation.portable import parsed
from reporter.engine.translation.spark_sql import translate
from reporter.engine.translation.sql_nodes import NotPortable

pytestmark = pytest.mark.spark
LISTS = {"names", "others"}


def _queries() -> dict[str, str]:
    """Return claim -> query, with the claims of one kind apart."""
    return {
        **{f"value: {k}": f"SELECT n, {v} AS v FROM t" for k, v in cases.VALUES.items()},
        **{
            f"group: {k}": f"SELECT grp, {v} AS v FROM t GROUP BY grp"
            for k, v in cases.GROUPS.items()
        },
        **{f"window: {k}": f"SELECT n, {v} AS v FROM t" for k, v in cases.WINDOWS.items()},
        **{f"query: {k}": v for k, v in cases.QUERIES.items()},
    }


def _together() -> list[list[str]]:
    """Return claims that one query can answer: it takes a tenth of the time."""
    kinds = {
        k: [c for c in _queries() if c.startswith(f"{k}:")]
        for k in ("value", "group", "window", "query")
    }
    return [kinds["value"], kinds["group"], kinds["window"], *([c] for c in kinds["query"])]


def _one_query(claims: list[str]) -> str:
    queries = _queries()
    if len(claims) == 1:
        return queries[claims[0]]
    head, tail = queries[claims[0]].split(",", 1)[0], queries[claims[0]].rsplit(" AS v ", 1)[1]
    values = [queries[c].split(",", 1)[1].rsplit(" AS v ", 1)[0] for c in claims]
    return f"{head}, " + ", ".join(f"{v} AS v{k}" for k, v in enumerate(values)) + f" {tail}"


@pytest.fixture(scope="module")
def here() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute("SET threads = 1")
        con.execute("SET timezone = 'UTC'")
        con.execute(f"CREATE TABLE t ({cases.COLUMNS})")
        rows = cases.rows()
        columns = [list(c) for c in zip(*rows, strict=True)]
        marks = ", ".join(f"unnest(${n})" for n in range(1, len(columns) + 1))
        con.execute(f"INSERT INTO t SELECT {marks}", columns)
        yield con


@pytest.fixture(scope="module")
def found(here: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Claim -> how the answers differ."""
    spark = open_session()
    rows = here.sql("SELECT * FROM t").to_arrow_table()
    spark.createDataFrame(rows).createOrReplaceTempView("t")
    try:
        differing: dict[str, list[str]] = {}
        for claims in _together():
            query = _one_query(claims)
            text = translate(query, {}, lambda _: rows.column_names, LISTS)
            got = spark.sql(text).toArrow()
            by_place = differences(here, query, got)
            for k, claim in enumerate(claims):
                name = f"v{k}" if len(claims) > 1 else ""
                differing[claim] = [d for n, d in by_place if n == name or len(claims) == 1]
        return differing
    finally:
        spark.catalog.dropTempView("t")


@pytest.mark.parametrize("claim", _queries())
def test_both_engines_give_the_same(claim: str, found: dict[str, list[str]]) -> None:
    assert found[claim] == []


@pytest.mark.parametrize("claim", cases.REFUSED)
def test_what_spark_answers_otherwise_has_no_translation(claim: str) -> None:
    text = cases.REFUSED[claim]
    query = text if text.startswith("SELECT") else f"SELECT {text} AS v FROM t"
    with pytest.raises(NotPortable):
        translate(query, {}, lambda _: [], LISTS)


def _functions() -> tuple[set[Any], set[str]]:
    """Return the kinds of nodes, and the names of functions, that the claims hold."""
    kinds, names = set[Any](), set[str]()
    for query in _queries().values():
        for node in parsed(query).walk():
            kinds.add(type(node))
            if isinstance(node, exp.Anonymous):
                names.add(node.name.lower())
    return kinds, names


def test_what_may_be_translated_is_what_was_proven() -> None:
    """A function in the allow-list that no claim holds is one that nobody has compared."""
    kinds, names = _functions()
    proven_elsewhere = {exp.Anonymous, exp.ReadParquet}  # any name; files, in tests/test_spark.py
    allowed = {k for k in (*spark_sql._ALIKE, *spark_sql._RULES) if issubclass(k, exp.Func)}
    assert allowed - kinds - proven_elsewhere == set()
    assert spark_sql._NAMED.keys() - names == set()
