"""Examples are assessed together: each gives what it gives by itself, and what is wrong with one is said of that one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reporter.authoring import examples
from reporter.authoring.examples import RUN, expected, load_example
from reporter.authoring.partitioned import NUMBER, Partitioned
from reporter.content.loader import Content
from reporter.content.sql_tree import named_tables
from reporter.engine.base import Error
from reporter.engine.duckdb import DuckDB
from reporter.errors import ContentError
from reporter.evaluate import runner
from reporter.model.assessment import Check
from reporter.schema.columns import LARGEST
from reporter.schema.tables import LOADED, SUBJECTS
from reporter.transform.derive import EVERYTHING, derive, teach_run

Example = dict[str, Any]
A1 = {"actor_id": "a1", "kind": "agent", "state": "active"}


def example_of(keys: int, **more: Any) -> Example:
    """One agent, always the same, with some keys."""
    rows = [{"credential_id": f"k{n}", "actor_id": "a1"} for n in range(keys)]
    status = "unknown" if not keys else "pass" if keys == 1 else "fail"
    given = {"actors": [A1], "credentials": rows} if keys else {"actors": [A1]}
    return {"name": f"{keys} keys", "given": given, "expect": {"a1": status}} | more


ONE_KEY = Check(
    "OWN-81", "Each agent holds one key", "", "agent", "high", 1, "inventory",
    "SELECT a.actor_id AS subject, CASE WHEN count(c.credential_id) = 1 THEN 'one' WHEN count(c.credential_id) > {most} THEN 'several'"
    " END AS code, count(c.credential_id) AS n FROM agents AS a LEFT JOIN credentials AS c ON c.actor_id = a.actor_id GROUP BY a.actor_id",
    "Revoke the others.", "OWN-81.yml:1", params={"most": 1},
    reasons={"pass": {"one": "it holds one key"}, "fail": {"several": "it holds {n:key|keys}"}},
    examples=(example_of(2), example_of(1), example_of(0), example_of(3), example_of(1)),
)  # fmt: skip
"""What it says of one example changes when it sees a row of another: all have the same agent."""


def together(*checks: Check) -> list[list[examples.Results]]:
    with examples.assembled(checks) as results_of_all:
        return [results_of_all(check) for check in checks]


@pytest.fixture
def none_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """An example that is run alone fails the test."""
    monkeypatch.setattr(examples, "_alone", lambda check, example: pytest.fail(example["name"]))


@pytest.mark.usefixtures("none_alone")
def test_no_example_sees_a_row_of_another() -> None:
    other = replace(ONE_KEY, id="OWN-82")
    for results in together(ONE_KEY, other):
        assert [r["a1"][0] for r in results] == ["fail", "pass", "unknown", "fail", "pass"]
        assert results[3]["a1"][1] == "it holds 3 keys"


def _given(content: Content) -> Example:
    """An example with rows in every list, taken from those that ship."""
    given: dict[str, list[dict[str, Any]]] = {}
    for check in content.checks:
        for example in check.examples:
            assert isinstance(example["given"], dict)
            for table, rows in example["given"].items():
                if len(rows) > len(given.get(table, [])):
                    given[table] = rows
    return {"name": "full", "given": given}


@pytest.mark.slow
def test_of_each_table_an_example_sees_the_rows_that_it_has_alone(content: Content) -> None:
    """Also where its neighbours fill all lists, in front of it and behind."""
    full, bare, dead = (
        _given(content),
        {"name": "bare", "given": {"actors": [A1]}},
        {"name": "dead", "given": {"actors": [A1], "events": [{"actor_id": "a1", "occurred_at": "2026-08-01"}]}, "dead": True},
    )  # fmt: skip
    assert set(full["given"]) >= {t.name for t in LOADED} - {"actor_log_sources", "tests"}
    mixed = [full, bare, dead, full]
    with tempfile.TemporaryDirectory() as folder, DuckDB(Path(folder)) as engine:
        tables = examples._lay_out(engine, mixed, EVERYTHING, set(SUBJECTS))
        with engine.world("one") as window:
            teach_run(window, RUN)
            examples.teach(window, examples.all_for(tables.views))
            tables.show(window)
            seen = [_rows_seen(window, number) for number in range(len(mixed))]
    for example, rows in zip((full, bare, dead), seen, strict=False):
        alone = _rows_alone(example)
        assert {name: rows[name] for name in alone} == alone
    assert seen[0] == seen[3]
    filled = {name for name, rows in seen[0].items() if rows}
    assert len(filled) > 90, sorted(seen[0].keys() - filled)


def _rows_seen(window: DuckDB, number: int) -> dict[str, list[str]]:
    window.run(f"SET VARIABLE {NUMBER} = {number}")
    return _rows(window, "one")


def _rows_alone(example: Example) -> dict[str, list[str]]:
    with tempfile.TemporaryDirectory() as folder, DuckDB(Path(folder)) as engine:
        load_example(engine, example)
        derive(engine, RUN, [expected(example)])
        runner.prepare(engine)
        return _rows(engine, "memory")


def _rows(engine: DuckDB, database: str) -> dict[str, list[str]]:
    """Return the rows of all tables but the results, each as text; lists in it and the rows have no order."""
    names = engine.rows(
        "SELECT table_name FROM information_schema.tables WHERE table_catalog = ? AND table_schema"
        " = 'main' AND table_name <> 'results'",
        [database],
    )
    rows = "SELECT COLUMNS(lambda name: name <> 'rowid') FROM {}"
    return {name: sorted(map(_text, engine.rows(rows.format(name)))) for (name,) in names}


def _text(row: tuple[Any, ...]) -> str:
    return str([sorted(value) if isinstance(value, list) else value for value in row])


@pytest.mark.deep
def test_each_example_that_ships_gives_together_what_it_gives_alone(content: Content) -> None:
    for check, results in zip(content.checks, together(*content.checks), strict=True):
        alone = [examples._alone(check, example) for example in check.examples]
        assert results == alone, check.id


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["APR", "AUD", "ENT", "IDN", "REV"])
def test_the_first_check_of_a_theme_gives_together_what_it_gives_alone(
    theme: str, content: Content
) -> None:
    check = next(c for c in content.checks if c.theme == theme)
    alone = [examples._alone(check, example) for example in check.examples]
    assert together(check, content.checks[0])[0] == alone


# ---------------------------------------------------------------- what is wrong with one


ODD = replace(
    ONE_KEY,
    id="OWN-83",
    sql="SELECT a.actor_id AS subject, CAST(a.owner_id AS BIGINT) > 0 AS ok FROM agents AS a",
    params={},
    reasons={},
    examples=(
        {"name": "a number", "given": {"actors": [A1 | {"owner_id": "1"}]}, "expect": {"a1": "pass"}},
        {"name": "no number", "given": {"actors": [A1 | {"owner_id": "bo"}]}, "expect": {"a1": "pass"}},
    ),
)  # fmt: skip
TWICE = replace(
    ODD,
    id="OWN-84",
    sql="SELECT a.actor_id AS subject, TRUE AS ok FROM agents AS a CROSS JOIN aliases AS x",
    examples=({"name": "two", "given": {"actors": [A1], "aliases": [{"actor_id": "a1", "alias": n} for n in "xy"]}, "expect": {}},),
)  # fmt: skip


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (ODD, "OWN-83 failed while running: Conversion Error: Could not convert string 'bo' to INT64"),
        (TWICE, "OWN-84 gives 2 rows for 'a1'"),
    ],
    ids=["fails", "twice"],
)  # fmt: skip
def test_a_check_that_fails_on_an_example_is_told_as_if_it_were_the_only_one(
    check: Check, message: str
) -> None:
    with examples.assembled([ONE_KEY, check]) as results_of_all:
        with pytest.raises(ContentError) as caught:
            examples.failures(check, results_of_all)
        assert examples.failures(ONE_KEY, results_of_all) == []
    assert caught.value.message.startswith(message) and caught.value.place == check.place
    with pytest.raises(ContentError) as alone:
        for example in check.examples:
            examples.results_of(check, example)
    assert caught.value.message == alone.value.message


def test_a_wrong_expectation_is_told_with_what_came_out() -> None:
    wrong = replace(ONE_KEY, id="OWN-85", examples=(example_of(2, expect={"a1": "pass"}), *ONE_KEY.examples))  # fmt: skip
    with examples.assembled([wrong, ONE_KEY]) as results_of_all:
        said = examples.failures(wrong, results_of_all)
        assert said == ["example '2 keys': expected {'a1': 'pass'}, got {'a1': 'fail'}"]
        assert examples.failures(ONE_KEY, results_of_all) == []


def test_what_no_example_shows_is_told() -> None:
    few = replace(ONE_KEY, examples=ONE_KEY.examples[:1])
    assert examples.failures(few) == ["no example shows pass, unknown", "no example gives the code one"]  # fmt: skip
    assert examples.failures(replace(few, examples=()))[0] == "no example shows pass, fail, unknown"


def test_an_example_with_a_threshold_of_its_own_is_asked_with_it() -> None:
    lenient = example_of(2, params={"most": 2}, expect={"a1": "unknown"})
    results = together(replace(ONE_KEY, examples=(lenient, *ONE_KEY.examples)))[0]
    assert [r["a1"][0] for r in results[:2]] == ["unknown", "fail"]


@pytest.mark.parametrize(
    ("table", "cell"),
    [
        ("credentials", {"expires_at": "2026-13-01"}),
        ("credentials", {"expires_at": 3}),
        pytest.param("actors", {"autonomy": "much"}, marks=pytest.mark.slow),
        pytest.param("actors", {"autonomy": LARGEST + 1}, marks=pytest.mark.slow),
    ],
    ids=["no day", "a number for a day", "a word for a number", "too large"],
)
def test_a_value_that_its_column_does_not_take_stops_its_own_check_only(
    table: str, cell: dict[str, Any]
) -> None:
    given = {"actors": [A1 | cell]} if table == "actors" else {
        "actors": [A1], "credentials": [{"credential_id": "k", "actor_id": "a1"} | cell]}  # fmt: skip
    wrong = replace(ONE_KEY, id="OWN-86", examples=({"given": given, "expect": {}},))
    with examples.assembled([wrong, ONE_KEY]) as results_of_all:
        assert examples.failures(ONE_KEY, results_of_all) == []
        with pytest.raises(Error) as caught:
            examples.failures(wrong, results_of_all)
    with pytest.raises(Error) as alone:
        examples.results_of(wrong, wrong.examples[0])
    assert str(caught.value) == str(alone.value)


def test_where_the_tables_cannot_be_made_each_example_is_run_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise Error("planted")

    monkeypatch.setattr(examples, "_load_all", fail)
    assert examples.failures(ONE_KEY) == []


@pytest.mark.parametrize(
    ("cell", "is_plain"),
    [
        ({"name": "x", "autonomy": 2, "is_intermediary": True, "created_at": "2026-08-01", "owner_id": ""}, True),
        ({"created_at": "2026-08-01T10:00:00Z", "times": 20}, True),
        ({"name": 3}, False),
        ({"autonomy": True}, False),
        ({"is_intermediary": 1}, False),
        ({"created_at": "soon"}, False),
        ({"ownr": "x"}, False),
        ({"times": 100_000}, False),
        ({"times": "3"}, False),
    ],
)  # fmt: skip
def test_only_few_rows_of_right_values_stand_among_others(
    cell: dict[str, Any], is_plain: bool
) -> None:
    assert examples._is_plain({"given": {"actors": [A1 | cell]}}) == is_plain


# ---------------------------------------------------------------- one statement for all


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Partitioned]:
    """Two examples: `a` holds 1 and 2 of the one, 3 of the other; `b` the same, doubled."""
    with DuckDB(tmp_path) as engine:
        tables = Partitioned(engine, [7, 8])
        tables.run("CREATE TABLE a (x BIGINT)")
        tables.insert_numbered("a", [(7, 1), (7, 2), (8, 3)])
        tables.run("CREATE TABLE b AS SELECT x * 2 AS x FROM a")
        yield tables


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT sum(x) FROM a", [(3,), (3,)]),
        ("SELECT count(*) FROM a WHERE x > 2", [(0,), (1,)]),
        ("SELECT b.x FROM a JOIN b ON b.x = a.x", [(2,)]),
        ("WITH a AS (SELECT x + 1 AS x FROM b) SELECT max(x) FROM a", [(5,), (7,)]),
        ("SELECT x FROM a WHERE x IN (SELECT x - 1 FROM b)", [(1,)]),
        ("SELECT max(x) OVER (), row_number() OVER (ORDER BY x) FROM a", [(2, 1), (2, 2), (3, 1)]),
        ("SELECT 5 AS x -- and nothing else", [(5,), (5,)]),
    ],
)
def test_a_query_is_answered_for_each_example(
    query: str, rows: list[tuple[int, ...]], two: Partitioned
) -> None:
    assert sorted(two.rows(query)) == rows == sorted(two.each(query))


def test_a_statement_changes_the_rows_of_each_example_by_its_own(two: Partitioned) -> None:
    two.run("UPDATE a SET x = 9 WHERE x IN (SELECT x FROM b)")
    assert sorted(two.rows("SELECT x FROM a")) == [(1,), (3,), (9,)]
    two.run("INSERT INTO a VALUES (0)")
    two.run("INSERT INTO a BY NAME SELECT max(x) AS x FROM b")
    two.insert("a", [(5,)])
    assert sorted(two.rows("SELECT x FROM a")) == [(0,), (0,), (1,), (3,), (4,), (5,), (5,), (6,), (9,)]  # fmt: skip
    assert two.one("SELECT count(*) FROM a WHERE x > 5") == 1
    assert two.one("SELECT max(x) FROM a WHERE FALSE") is None
    with pytest.raises(Error):  # what stands once for all takes no row of one
        two.insert_numbered("a", [(7, 1)])


def test_a_view_follows_what_it_reads_by_name(two: Partitioned) -> None:
    two.run("CREATE VIEW v AS SELECT x FROM a -- of the rows")
    two.run("ALTER TABLE a RENAME TO old")
    two.run("CREATE TABLE a AS SELECT x + 10 AS x FROM old")
    assert sorted(two.rows("SELECT x FROM v")) == [(11,), (12,), (13,)]
    two.run("CREATE OR REPLACE TABLE a AS SELECT x + 1 AS x FROM a")
    two.run("DROP TABLE old")
    assert sorted(two.rows("SELECT w.x FROM v AS w")) == [(12,), (13,), (14,)]


def test_a_second_connection_and_a_file_have_the_same_rows(
    two: Partitioned, tmp_path: Path
) -> None:
    assert sorted(two.twin().rows("SELECT x FROM b")) == [(2,), (4,), (6,)]
    assert two.columns("SELECT x, 'y' AS y FROM b") == [("x", "BIGINT"), ("y", "VARCHAR")]
    two.write_parquet("SELECT x FROM b", tmp_path / "b.parquet")
    assert sorted(two.rows(f"FROM '{tmp_path / 'b.parquet'}'"))[0] == (7, 2)
    two.side_by_side(lambda one: one.run("DROP TABLE b"))
    with pytest.raises(Error):
        two.rows("SELECT x FROM b")


def test_what_cannot_be_restricted_to_an_example_is_an_error(two: Partitioned) -> None:
    """A part that reads the table whose name it bears would read the rows of all."""
    with pytest.raises(Error):
        two.rows("WITH a AS (SELECT x FROM a) SELECT x FROM a")
    with pytest.raises(Error, match="cannot be run for each example: DELETE FROM a"):
        two.run("DELETE FROM a")


def test_names_of_tables_are_found_where_they_stand() -> None:
    sql = "WITH p AS (SELECT 'é' AS x FROM a, b AS c) -- FROM d\nSELECT p.x FROM p JOIN e USING (x) WHERE x IN (SELECT f.x FROM f) AND y <> ' FROM g'"
    found = [(sql[start:end], renamed) for start, end, renamed in named_tables(sql)]
    assert found == [("a", False), ("b", True), ("e", False), ("f", False)]
