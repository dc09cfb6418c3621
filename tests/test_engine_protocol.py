"""A second, tiny engine that can do what the protocol says and no more carries models and checks: nothing else is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from fixture_reasons import said

from reporter.authoring.examples import RUN, expected, load_example, results_of
from reporter.content import loader
from reporter.content.sql_policy import compile_check
from reporter.engine.base import (
    Broken,
    Engine,
    Error,
    Interrupted,
    OutOfMemory,
    OutOfRoom,
    Unreadable,
)
from reporter.engine.duckdb import DuckDB
from reporter.evaluate import runner
from reporter.model.assessment import Check
from reporter.schema.tables import read_for
from reporter.transform.derive import derive

pytestmark = pytest.mark.slow

CHECKS = (
    "APR-03",
    "AUD-02",
    "CRD-02",
    "ENT-05",
    "GOV-01",
    "IDN-04",
    "OWN-01",
    "REV-03",
    "RUN-11",
    "SUP-03",
)


class Tiny:
    """The eleven methods of `Engine`, over a connection of its own."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con

    def run(self, sql: str, params: Sequence[Any] = ()) -> None:
        self.con.execute(sql, list(params))

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self.con.execute(sql, list(params)).fetchall()

    def each(self, sql: str, most: int = 1000) -> Iterator[tuple[Any, ...]]:
        yield from self.rows(sql)

    def one(self, sql: str, params: Sequence[Any] = ()) -> Any:
        found = self.rows(sql, params)
        return found[0][0] if found else None

    def insert(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        if rows:
            self.con.executemany(
                f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows
            )

    def here(self, sql: str) -> str:
        return sql

    def columns(self, sql: str) -> list[tuple[str, str]]:
        return [(name, kind) for name, kind, *_ in self.rows(f"DESCRIBE {sql}")]

    def write_parquet(self, sql: str, path: Path, compression: str = "snappy") -> None:
        raise NotImplementedError("neither models nor checks write files")

    def show_parquet(self, name: str, paths: Sequence[Path]) -> None:
        raise NotImplementedError("neither models nor checks read files")

    def side_by_side(self, *jobs: Callable[[Tiny], None]) -> None:
        for job in jobs:
            job(self)

    def twin(self) -> Tiny:
        return Tiny(self.con.cursor())


@pytest.fixture(scope="module")
def checks() -> dict[str, Check]:
    return {c.id: c for c in loader.load().checks}


@pytest.mark.parametrize("name", CHECKS)
def test_a_tiny_engine_gives_the_results_of_the_usual_one(
    name: str, checks: dict[str, Check]
) -> None:
    check = checks[name]
    for example in check.examples[:2]:
        compiled = compile_check(check, {**check.params, **example.get("params", {})})
        tiny: Engine = Tiny(duckdb.connect())
        wanted = compiled.tables | read_for(check.about)
        facts = load_example(tiny, example, wanted)
        derive(tiny, RUN, [expected(example)], wanted=wanted, facts=facts)
        runner.prepare(tiny, [check.about])
        runner.assess(tiny, [(check, compiled)])
        found = {subject: why for (_, subject), why in said(tiny, [check]).items()}
        assert found == results_of(check, example)


def test_an_engine_that_may_spill_no_more_says_where_room_is_missing(tmp_path: Path) -> None:
    sql = "CREATE TABLE t AS SELECT range AS a, md5(CAST(range AS VARCHAR)) AS b FROM range(2000000) ORDER BY b"
    with DuckDB(tmp_path / "small", "64MB", "2MB") as engine:
        with pytest.raises(OutOfRoom, match="more room for temporary files") as caught:
            engine.run(sql)
        assert "--temp-size" in caught.value.hint
    with DuckDB(tmp_path / "large", "64MB", "4GB") as engine:
        engine.run(sql)
        assert engine.one("SELECT count(*) FROM t") == 2_000_000


def test_a_job_that_lacks_memory_beside_another_is_tried_again_alone(tmp_path: Path) -> None:
    tries: list[str] = []

    def short(engine: DuckDB) -> None:
        tries.append("short")
        if tries.count("short") < 2:
            raise OutOfMemory("the engine needs more memory")
        engine.run("CREATE TABLE short AS SELECT 1 AS a")

    def hopeless(_: DuckDB) -> None:
        raise OutOfMemory("the engine needs more memory")

    with DuckDB(tmp_path) as engine:
        engine.side_by_side(short, lambda e: e.run("CREATE TABLE other AS SELECT 2 AS a"))
        assert engine.rows("SELECT a FROM short UNION SELECT a FROM other ORDER BY a") == [
            (1,),
            (2,),
        ]
        with pytest.raises(OutOfMemory):
            engine.side_by_side(hopeless)


def test_a_full_disk_is_no_unreadable_file(tmp_path: Path) -> None:
    """Of an unreadable file records would be lost; here the run ends."""

    def fail(*_: object) -> None:
        raise duckdb.IOException('IO Error: Could not write file "x": No space left on device')

    with DuckDB(tmp_path) as engine:
        con, engine._con = engine._con, type("Full", (), {"execute": fail, "close": fail})()
        with pytest.raises(OutOfRoom, match="No space left"):
            engine.run("SELECT 1")
        engine._con = con


@pytest.mark.parametrize(("memory", "threads"), [("256MB", 2), ("105MB", 1), ("64MB", 1)])
def test_an_engine_has_no_more_threads_than_its_memory_carries(
    memory: str, threads: int, tmp_path: Path
) -> None:
    with DuckDB(tmp_path, memory) as engine:
        assert engine.threads() <= threads


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (duckdb.CatalogException, Error),
        (duckdb.InterruptException, Interrupted),
        (duckdb.IOException, Unreadable),
        (duckdb.InternalException, Broken),
        (duckdb.FatalException, Broken),
        (duckdb.OutOfMemoryException, OutOfMemory),
    ],
)
def test_errors_of_duckdb_are_told_in_our_own_kinds(
    theirs: type[Exception], ours: type[Exception], tmp_path: Path
) -> None:
    def fail(text: str) -> str:
        raise theirs("planted")

    class Failing:
        def execute(self, *_: object) -> None:
            fail("")

        def close(self) -> None:
            """Nothing is open."""

    with DuckDB(tmp_path) as engine:
        con, engine._con = engine._con, Failing()  # type: ignore[assignment]
        with pytest.raises(ours) as caught:
            engine.run("SELECT 1")
        assert type(caught.value) is ours and "planted" in str(caught.value)
        engine._con = con


def test_a_list_of_words_is_no_join(tmp_path: Path) -> None:
    with DuckDB(tmp_path / "work") as engine:
        engine.run("CREATE TABLE t AS SELECT CAST(i AS VARCHAR) AS w FROM range(3) AS r(i)")
        plan = engine.rows("EXPLAIN SELECT w IN ('1', '2', '3', '4', '5', '6') FROM t")[0][1]
    assert "Join" not in plan and "JOIN" not in plan, plan
