"""Statements that are kept as they were parsed say the same as when their words are read anew."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reporter.engine.base import Error
from reporter.engine.duckdb import DuckDB
from reporter.engine.growing import statement_words

TIMES = range(4)
"""How often each statement comes: once as words, then parsed."""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDB]:
    """An engine that expects statements to come again."""
    with DuckDB(tmp_path) as opened:
        opened.expect_again()
        yield opened


def test_they_read_tables_as_they_are_by_now(engine: DuckDB) -> None:
    for n in TIMES:
        kind, more = ("VARCHAR", ", 'x' AS b") if n % 2 else ("BIGINT", "")
        engine.run(f"CREATE OR REPLACE TABLE t AS SELECT CAST({n} AS {kind}) AS a{more}")
        assert engine.rows("SELECT * FROM t") == [(str(n), "x") if n % 2 else (n,)]
        assert len(engine.columns("SELECT * FROM t")) == 1 + n % 2
        assert engine.one("SELECT count(*) FROM t WHERE a = ?", [n]) == 1
        (found,) = engine.arrays("SELECT CAST(a AS BIGINT) AS a FROM t", at_once=True)
        assert [*found["a"]] == [n]


def test_each_runs_as_often_as_it_comes_also_where_a_text_has_several(engine: DuckDB) -> None:
    engine.run("CREATE TABLE t (a BIGINT)")
    for n in TIMES:
        engine.run("INSERT INTO t VALUES (?)", [n])
        engine.run("INSERT INTO t VALUES (8); INSERT INTO t VALUES (9)")
        assert engine.one("SELECT count(*) FROM t") == 3 * (n + 1)
    assert engine.rows("SELECT DISTINCT a FROM t ORDER BY a") == [(n,) for n in (0, 1, 2, 3, 8, 9)]


@pytest.mark.parametrize("sql", ["SELECT FROM WHERE", "SELECT * FROM missing", "SELECT 1 +"])
def test_what_is_wrong_is_wrong_each_time(engine: DuckDB, sql: str) -> None:
    told = set()
    for _ in TIMES:
        with pytest.raises(Error) as raised:
            engine.run(sql)
        told.add(str(raised.value))
    assert len(told) == 1


def test_a_variable_is_read_anew_and_a_file_too(engine: DuckDB, tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    for n in TIMES:
        engine.run(f"SET VARIABLE lines_before = {n * 100}")
        engine.write_parquet(
            "SELECT getvariable('lines_before') + row_number() OVER () AS record FROM range(3)",
            path,
        )
        found = engine.rows(f"SELECT record FROM read_parquet('{path}') ORDER BY record")
        assert found == [(n * 100 + i,) for i in (1, 2, 3)]


def test_connections_share_them(engine: DuckDB) -> None:
    def asked(n: int) -> list[int]:
        with engine.twin() as other:
            return [other.one("SELECT CAST(? AS BIGINT) * 2", [n]) for _ in range(50)]

    with ThreadPoolExecutor(4) as pool:
        assert [*pool.map(asked, range(8))] == [[2 * n] * 50 for n in range(8)]


def test_only_some_are_kept(engine: DuckDB, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statement_words, "_MOST_KEPT", 3)
    for _ in TIMES:
        for n in range(8):
            assert [engine.one(f"SELECT {n}") for _ in range(3)] == [n] * 3
    known = engine._known
    assert known and 0 < len(known._parsed) <= 3 and len(known._once) <= 3
