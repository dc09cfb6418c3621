"""Events that Spark reads: what reads them runs there, what comes back is what DuckDB says."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fixture_spark import needs_spark, small_session

import reporter
from reporter.engine.base import Error
from reporter.engine.duckdb import DuckDB
from reporter.engine.spark import SETTINGS, Spark
from reporter.engine.translation.spark_sql import translate
from reporter.engine.translation.sql_nodes import NotPortable
from reporter.errors import InputError, ReporterError

pytestmark = [pytest.mark.spark, needs_spark, pytest.mark.filterwarnings("ignore")]
ACME = Path(__file__).parent.parent / "sample_data" / "acme"
EVENTS = "SELECT * FROM (VALUES ('a', 1, TIMESTAMP '2026-07-01 10:00:00'), ('a', 2, NULL), ('b', 3, TIMESTAMP '2026-07-02')) AS t (who, n, seen_at)"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Spark]:
    """An engine whose `in_events` are three rows in Spark, and `lists` two rows here."""
    with Spark(tmp_path, small_session()) as engine:
        engine.run(f"COPY ({EVENTS}) TO '{tmp_path}/events.parquet' (FORMAT parquet)")
        engine.run(
            f"CREATE VIEW in_events AS SELECT * FROM read_parquet(['{tmp_path}/events.parquet'])"
        )
        engine.run(
            "CREATE TABLE lists AS SELECT * FROM (VALUES ('a', 'Anna'), ('c', 'Carl')) AS t (who, name)"
        )
        yield engine


def asked(engine: Spark) -> list[str]:
    """Have an engine note what it asks Spark for."""
    questions: list[str] = []
    take = engine._take

    def noted(head: str, query: str) -> None:
        questions.append(query)
        take(head, query)

    engine._take = noted  # type: ignore[method-assign]
    return questions


@pytest.mark.parametrize("quarter", ["2026-q2"])
def test_a_quarter_of_the_sample_is_the_same_to_the_byte(quarter: str, tmp_path: Path) -> None:
    """Some of its events come again: in their file, in another with less in them, and there with something else."""
    workspace = shutil.copytree(ACME / quarter, tmp_path / "workspace")
    (log,) = workspace.glob("logs/gateway-*.jsonl")
    lines = [line for line in log.read_text().splitlines(keepends=True) if "event_id" in line]
    with log.open("a") as file:
        file.writelines(lines[:20])
    less = [{k: v for k, v in json.loads(line).items() if k != "tool"} for line in lines[30:60]]
    other = [json.loads(line) | {"tool": "another"} for line in lines[70:80]]
    text = "".join(json.dumps(event) + "\n" for event in less + other)
    (workspace / "logs/again.jsonl").write_text(text)
    reporter.assess(workspace, tmp_path / "duckdb", fresh=True, cache=tmp_path / "cache")
    reporter.assess(
        workspace,
        tmp_path / "spark",
        fresh=True,
        cache=tmp_path / "cache",
        spark=small_session(),
    )
    for name in ("results.parquet", "actors.parquet"):
        assert (tmp_path / "spark" / name).read_bytes() == (tmp_path / "duckdb" / name).read_bytes()
    one, other = (
        json.loads((tmp_path / n / "report.json").read_text()) for n in ("duckdb", "spark")
    )
    assert one.pop("hashes") != (hashes := other.pop("hashes"))
    assert one == other
    assert "spark 4" in hashes["engine"]
    assert len(one["checks"]) > 100
    noted = json.dumps(one["quarantined"])
    assert all(n in noted for n in ("repeat others", "with more detail", "other values"))


def test_what_reads_events_runs_in_spark_and_nothing_else_does(engine: Spark) -> None:
    questions = asked(engine)
    assert engine.rows("SELECT name FROM lists ORDER BY name") == [("Anna",), ("Carl",)]
    assert questions == []
    query = "SELECT l.name, count(e.n) AS n FROM lists AS l LEFT JOIN in_events AS e USING (who) GROUP BY l.name ORDER BY 1"
    assert engine.rows(query) == [("Anna", 2), ("Carl", 0)]
    assert questions == [query]
    assert engine.one("SELECT 'in_events' FROM lists LIMIT 1") == "in_events"
    assert len(questions) == 1  # a word in a text is no table


def test_a_view_of_events_is_as_its_tables_are_now(engine: Spark) -> None:
    engine.run(
        "CREATE VIEW named AS SELECT e.n, l.name FROM in_events AS e JOIN lists AS l USING (who)"
    )
    assert engine.rows("SELECT n, name FROM named ORDER BY n") == [(1, "Anna"), (2, "Anna")]
    engine.run("UPDATE lists SET who = 'b' WHERE name = 'Carl'")
    assert engine.rows("SELECT n, name FROM named ORDER BY n") == [
        (1, "Anna"),
        (2, "Anna"),
        (3, "Carl"),
    ]
    engine.run("INSERT INTO lists VALUES ('b', 'Berta')")
    assert engine.one("SELECT count(*) FROM named") == 4
    engine.run("DROP VIEW named")
    with pytest.raises(Error):
        engine.rows("SELECT * FROM named")


def test_tables_made_of_events_come_back_with_our_types(engine: Spark) -> None:
    engine.run(
        "CREATE TABLE sums AS SELECT who, count(*) AS n, sum(n) AS total, min(seen_at) AS first_at, list(n ORDER BY n) AS all_n,"
        " hash(who) AS h FROM in_events GROUP BY who"
    )
    kinds = dict(engine.columns("SELECT * FROM sums"))
    with DuckDB(engine.work / "other") as plain:
        plain.run(f"CREATE VIEW in_events AS {EVENTS}")
        same = plain.columns(
            "SELECT who, count(*) AS n, sum(n) AS total, min(seen_at) AS first_at, list(n ORDER BY n) AS all_n, hash(who) AS h FROM in_events GROUP BY who"
        )
    assert kinds == dict(same)
    assert engine.rows(
        "SELECT who, n, total, CAST(first_at AS VARCHAR), all_n FROM sums ORDER BY who"
    ) == [
        ("a", 2, 3, "2026-07-01 10:00:00", [1, 2]),
        ("b", 1, 3, "2026-07-02 00:00:00", [3]),
    ]
    questions = asked(engine)
    engine.run("INSERT INTO sums BY NAME SELECT 'z' AS who, max(n) AS n FROM in_events")
    assert engine.one("SELECT n FROM sums WHERE who = 'z'") == 3
    assert len(questions) == 1  # the table is here


def test_views_can_be_renamed_and_set_apart(engine: Spark) -> None:
    engine.run("ALTER VIEW in_events RENAME TO all_events")
    engine.run("CREATE TABLE repeats AS SELECT who, n FROM all_events WHERE n = 2")
    engine.run("CREATE VIEW in_events AS SELECT * FROM all_events ANTI JOIN repeats USING (who, n)")
    assert engine.rows("SELECT n FROM in_events ORDER BY n") == [(1,), (3,)]


def test_a_number_of_file_and_row_is_that_of_duckdb(tmp_path: Path) -> None:
    with Spark(tmp_path / "w", small_session()) as engine:
        paths = [tmp_path / f"{n} ä%20.parquet" for n in range(3)]
        for n, path in enumerate(paths):
            engine.run(
                f"COPY (SELECT {n} AS a, unnest(range(4)) AS b) TO '{path}' (FORMAT parquet)"
            )
        names = ", ".join(f"'{p}'" for p in paths)
        query = f"SELECT p.* EXCLUDE (a), p.file_index * 100 + p.file_row_number AS place FROM read_parquet([{names}], hive_partitioning = FALSE) AS p"
        told = engine.rows(f"{query} ORDER BY ALL")
        engine.run(f"CREATE VIEW in_events AS {query}")
        assert engine.rows("SELECT * FROM in_events ORDER BY b, place") == told
        assert len(told) == 12


def test_rows_come_here_for_a_check_and_stay_with_the_connection(engine: Spark) -> None:
    here = engine.here("SELECT who AS subject, n > 1 AS ok FROM in_events")
    assert "in_events" not in here
    assert sorted(engine.rows(here)) == [("a", False), ("a", True), ("b", True)]
    assert engine.here("SELECT 1") == "SELECT 1"
    with engine.twin() as twin:
        assert twin.one("SELECT count(*) FROM in_events") == 3
        with pytest.raises(Error):
            twin.rows(here)
    engine.write_parquet("SELECT n FROM in_events ORDER BY n", engine.work / "n.parquet")
    assert engine.rows(f"SELECT n FROM read_parquet('{engine.work}/n.parquet')") == [
        (1,),
        (2,),
        (3,),
    ]
    assert list(engine.each("SELECT n FROM in_events ORDER BY n", 2)) == [(1,), (2,), (3,)]


def test_a_session_is_left_as_it_was(tmp_path: Path) -> None:
    session = small_session()
    session.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")
    before = {name: session.conf.get(name, None) for name in SETTINGS}

    def names() -> list[str]:
        return sorted(row.viewName for row in session.sql("SHOW VIEWS").collect())

    views = names()
    with Spark(tmp_path, session) as engine:
        engine.run("CREATE TABLE lists AS SELECT 'a' AS who")
        engine.run("CREATE VIEW in_events AS SELECT * FROM lists")
        assert engine.one("SELECT count(*) FROM in_events") == 1
        assert session.conf.get("spark.sql.session.timeZone") == "UTC"
    assert {name: session.conf.get(name, None) for name in SETTINGS} == before
    assert names() == views
    session.conf.unset("spark.sql.session.timeZone")


def test_a_setting_that_a_session_refuses_is_named_unless_it_is_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, name = small_session(), "spark.sql.warehouse.dir"  # no session may be set to another
    before = {n: session.conf.get(n, None) for n in SETTINGS}
    monkeypatch.setitem(SETTINGS, name, "/elsewhere")
    with pytest.raises(InputError, match=f"cannot be set to {name}=/elsewhere") as raised:
        Spark(tmp_path / "refused", session)
    assert "cluster of your own" in raised.value.hint
    monkeypatch.setitem(SETTINGS, name, str(session.conf.get(name)))
    with Spark(tmp_path / "w", session) as engine:
        assert engine.one("SELECT 1") == 1
    monkeypatch.delitem(SETTINGS, name)
    assert {n: session.conf.get(n, None) for n in SETTINGS} == before


def test_a_list_without_rows_goes_there_with_its_types(engine: Spark) -> None:
    engine.run("CREATE TABLE nobody (who VARCHAR, since TIMESTAMP, n HUGEINT, names VARCHAR[])")
    query = "SELECT e.n, b.since, b.n AS m, b.names FROM in_events AS e LEFT JOIN nobody AS b USING (who) ORDER BY 1"
    assert engine.rows(query) == [(n, None, None, None) for n in (1, 2, 3)]
    assert engine.one("SELECT count(*) FROM nobody AS b JOIN in_events AS e USING (who)") == 0


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT hamming(who, who) FROM in_events", "no translation for Spark"),
        ("SELECT error('not ' || max(who)) FROM in_events", "not b"),
        ("SELECT CAST(who AS BIGINT) FROM in_events", "CAST_INVALID_INPUT"),
    ],
)
def test_what_spark_cannot_answer_is_an_error_of_the_statement(
    engine: Spark, query: str, said: str
) -> None:
    with pytest.raises((Error, ReporterError)) as raised:
        engine.rows(query)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    "sql", ["UPDATE lists SET name = 'x' FROM in_events", "DELETE FROM lists USING in_events"]
)
def test_no_statement_changes_anything_by_halves(engine: Spark, sql: str) -> None:
    with pytest.raises(Error, match="cannot carry out"):
        engine.run(sql)
    assert engine.one("SELECT count(*) FROM lists WHERE name IN ('Anna', 'Carl')") == 2


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT hamming(a, b) FROM t",
        "SELECT json_object('a', CASE WHEN a THEN json_object('b', 1) END) FROM t",
        "SELECT regexp_replace(a, 'x', 'y') FROM t",
        "SELECT list(DISTINCT a ORDER BY b) FROM t",
        "SELECT any_value(a ORDER BY c DESC) FROM t",
        "SELECT * FROM",
    ],
)
def test_what_is_not_proven_is_not_translated(sql: str) -> None:
    with pytest.raises(NotPortable):
        translate(sql, {}, lambda _: ())


def test_items_are_counted_from_one_whatever_their_number_is_made_of(engine: Spark) -> None:
    query = "SELECT [7, 8][CAST(n AS BIGINT)], [7, 8][n], [7, 8][CAST(n AS BIGINT) - 1], [7, 8][2], [7, 8][-1], [7, 8][0] FROM in_events ORDER BY n"
    assert engine.rows(query) == [
        (7, 7, None, 8, 8, None),
        (8, 8, 7, 8, 8, None),
        (None, None, 8, 8, 8, None),
    ]


def test_a_macro_stands_in_its_place() -> None:
    macros = {"twice": (("x",), "x + x"), "four": (("x",), "twice(twice(x))")}
    assert translate("SELECT four(a.b) FROM a", macros, lambda _: ()) == (
        "SELECT (((a.b + a.b) + (a.b + a.b))) FROM a"
    )
