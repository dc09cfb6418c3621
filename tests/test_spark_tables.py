"""A table of events that Spark reads: the results of a plain run, every row accounted for, and errors that say what to do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fixture_event_table import company_in, write_table
from fixture_spark import needs_spark, small_session

import reporter
from reporter.engine.base import Error
from reporter.engine.duckdb import DuckDB, Parquet, parquet
from reporter.engine.event_table import read_place
from reporter.engine.spark import Spark
from reporter.errors import InputError

pytestmark = [pytest.mark.spark, needs_spark, pytest.mark.filterwarnings("ignore")]
ACME = Path(__file__).parent.parent / "sample_data" / "acme"


def _results(run: Path) -> list[tuple[Any, ...]]:
    order = 'SELECT * EXCLUDE (place) FROM held ORDER BY "check", subject'
    return [row for rows in Parquet(run / "results.parquet").batches(order) for row in rows]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder: a company, and a lake with its events in two files."""
    place = tmp_path_factory.mktemp("made")
    company = company_in(place)
    write_table(company, place / "rows.parquet")
    (place / "lake").mkdir()
    _split(place / "rows.parquet", place / "lake")
    return place


def _split(rows: Path, lake: Path) -> None:
    with DuckDB(rows.parent / "work") as engine:
        for n, name in enumerate(("one", "two")):
            sql = f"SELECT * FROM {parquet(rows)} WHERE record % 2 = {n}"
            engine.write_parquet(sql, lake / f"{name}.parquet")


@pytest.mark.slow
def test_a_quarter_of_the_sample_read_from_a_table_is_as_it_is_from_files(tmp_path: Path) -> None:
    quarter, table = ACME / "2026-q2", tmp_path / "events.parquet"
    write_table(quarter, table)
    cache = tmp_path / "cache"
    reporter.assess(quarter, tmp_path / "plain", fresh=True, cache=cache)
    run = reporter.assess(
        quarter, tmp_path / "run", cache=cache, spark=small_session(), events=str(table)
    )
    assert _results(tmp_path / "run") == _results(tmp_path / "plain")
    files = run.files()
    parts = files[["kept", "out_of_scope", "unreadable", "rejected"]].sum(axis=1)
    assert (files["read"] == parts).all()
    there = files[files["file"].str.startswith(str(table))]
    n_rows = sum(len(rows) for rows in Parquet(table).batches("SELECT 1 FROM held"))
    assert there["read"].sum() == there["kept"].sum() == n_rows > 3000


def _engine(folder: Path, text: str) -> Spark:
    return Spark(folder, small_session(), events=read_place(text))


def test_a_table_is_read_by_its_name(made: Path, tmp_path: Path) -> None:
    small_session().read.parquet(f"{made}/lake").createOrReplaceTempView("agent_events")
    with _engine(tmp_path, "agent_events") as engine:
        assert engine.one("SELECT count(*) FROM rows_there") == 60
        assert engine.event_table and engine.event_table.name == "agent_events"
    small_session().catalog.dropTempView("agent_events")


def test_times_with_a_zone_and_small_numbers_are_read_as_ours(made: Path, tmp_path: Path) -> None:
    spark = small_session()
    spark.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")
    rows = spark.read.parquet(f"{made}/lake")
    rows = rows.selectExpr(
        "* EXCEPT (occurred_at, record)",
        "to_timestamp_ltz(occurred_at || 'Z') AS occurred_at",
        "CAST(record AS INT) AS record",
    )
    assert dict(rows.dtypes)["occurred_at"] == "timestamp"
    rows.createOrReplaceTempView("zoned")
    query = "SELECT record, CAST(occurred_at AS VARCHAR) FROM rows_there ORDER BY record"
    with _engine(tmp_path / "a", "zoned") as engine:
        zoned = engine.rows(query)
    with _engine(tmp_path / "b", f"parquet:{made}/lake") as engine:
        assert zoned == engine.rows(query)
    assert len(zoned) == 60 and zoned[0][1].endswith("10:00:00")
    spark.conf.unset("spark.sql.session.timeZone")


def test_columns_of_all_files_are_read(made: Path, tmp_path: Path) -> None:
    lake = Path(shutil.copytree(made / "lake", tmp_path / "lake"))
    with DuckDB(tmp_path / "w") as engine:
        one = parquet(lake / "one.parquet")
        engine.write_parquet(
            f"SELECT * EXCLUDE (effect, rights) FROM {one}", lake / "three.parquet"
        )
    (lake / "one.parquet").unlink()
    with _engine(tmp_path / "s", f"parquet:{lake}") as engine:
        assert engine.rows("SELECT count(*), count(effect), count(rights) FROM rows_there") == [
            (60, 30, 0)
        ]


def test_files_that_spark_would_leave_out_are_told(made: Path, tmp_path: Path) -> None:
    lake = Path(shutil.copytree(made / "lake", tmp_path / "lake"))
    (lake / "more").mkdir()
    shutil.copyfile(lake / "one.parquet", lake / "more/one.parquet")
    with pytest.raises(InputError, match="1 files lie in folders within it"):
        _engine(tmp_path / "s", f"parquet:{lake}")
    with _engine(tmp_path / "t", f"parquet:{lake}/*/*.parquet") as engine:
        assert engine.one("SELECT count(*) FROM rows_there") == 30


def test_a_damaged_file_is_an_error_whatever_the_session_says(made: Path, tmp_path: Path) -> None:
    lake = Path(shutil.copytree(made / "lake", tmp_path / "lake"))
    spark = small_session()
    spark.conf.set("spark.sql.files.ignoreCorruptFiles", "true")
    with (lake / "two.parquet").open("r+b") as file:
        file.seek(-8, 2)
        file.write(b"\0" * 8)
    with (
        pytest.raises((InputError, Error)),
        _engine(tmp_path / "s", f"parquet:{lake}") as engine,
    ):
        engine.one("SELECT count(tool) FROM rows_there")
    assert spark.conf.get("spark.sql.files.ignoreCorruptFiles") == "true"
    spark.conf.unset("spark.sql.files.ignoreCorruptFiles")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no_such.table", "Spark cannot read this table"),
        ("parquet:/no/such/place", "Spark cannot read this table"),
        ("delta:/no/such/place", "Spark cannot read this table"),
    ],
)
def test_what_spark_cannot_read_is_named_and_leaves_the_session_alone(
    text: str, said: str, tmp_path: Path
) -> None:
    zone = small_session().conf.get("spark.sql.ansi.enabled")
    with pytest.raises(InputError, match=said) as raised:
        _engine(tmp_path, text)
    assert raised.value.place == text
    assert small_session().conf.get("spark.sql.ansi.enabled") == zone


def test_a_table_without_what_each_row_needs_is_refused(made: Path, tmp_path: Path) -> None:
    rows = small_session().read.parquet(f"{made}/lake").drop("file", "place")
    rows.createOrReplaceTempView("bare_events")
    with pytest.raises(InputError, match="has no column file, place"):
        _engine(tmp_path, "bare_events")


def test_two_files_of_one_name_are_refused(made: Path, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        shutil.copyfile(made / "lake/one.parquet", tmp_path / folder / "one.parquet")
    names = ", ".join(f"'{tmp_path}/{n}/one.parquet'" for n in "ab")
    with Spark(tmp_path / "w", small_session()) as engine:
        engine.run(f"CREATE VIEW in_events AS SELECT file FROM read_parquet([{names}])")
        with pytest.raises(Error, match="two have the same"):
            engine.one("SELECT count(*) FROM in_events")


SMALL_DRIVER = """
import sys
from pathlib import Path
from fixture_spark import SMALL
from pyspark.sql import SparkSession
builder = SparkSession.builder.master("local[2]").config("spark.driver.maxResultSize", "100k")
for name, value in SMALL.items():
    builder = builder.config(name, value)
from reporter.engine.base import OutOfMemory
from reporter.engine.event_table import read_place
from reporter.engine.spark import Spark
place = read_place(sys.argv[1])
with Spark(Path(sys.argv[2]), builder.getOrCreate(), events=place) as engine:
    print("few:", engine.one("SELECT count(*) FROM rows_there"))
    try:
        engine.rows("SELECT e.event_id || a.r || b.r FROM rows_there AS e, (SELECT event_id AS r FROM"
            " rows_there) AS a, (SELECT event_id AS r FROM rows_there) AS b")
    except OutOfMemory as error:
        print("said:", error)
"""


def test_an_answer_that_is_too_large_for_the_driver_names_the_setting(
    made: Path, tmp_path: Path
) -> None:
    words = [sys.executable, "-c", SMALL_DRIVER, f"parquet:{made}/lake", str(tmp_path / "w")]
    here = Path(__file__).parent
    paths = {"PYTHONPATH": f"{here.parent}:{here}"}
    told = subprocess.run(
        words, env=os.environ | paths, capture_output=True, text=True, check=False
    )
    assert "few: 60" in told.stdout, told.stderr
    assert "said: an answer of Spark is larger than its driver takes" in told.stdout, told.stdout
    assert "Raise spark.driver.maxResultSize" in told.stdout
    assert json.dumps(told.stdout).count("\\n") < 12
