"""Tables of Delta and Iceberg are read where they lie, in the version that is named: not their files, which hold deleted rows too."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from fixture_event_table import company_in, write_table
from fixture_spark import needs_spark

import reporter
from reporter.engine.duckdb import DuckDB, Parquet, parquet

pytestmark = [
    pytest.mark.spark,
    pytest.mark.slow,
    needs_spark,
    pytest.mark.filterwarnings("ignore"),
]
HERE = Path(__file__).parent
OLDER, SAIL = Path(sys.prefix) / "spark-3.5", Path(sys.prefix) / "sail"
needs_iceberg = pytest.mark.skipif(
    not (OLDER / "snowpark_connect_deps_iceberg").is_dir(),
    reason="needs Spark 3.5 and the jar of Iceberg: make slow-spark",
)
needs_sail = pytest.mark.skipif(
    not (SAIL / "pysail").is_dir() or any(find_spec(n) is None for n in ("deltalake", "grpc")),
    reason="needs Sail, deltalake and the client of Spark Connect: make slow-spark",
)
READ_BY_SAIL = """
import json, sys
from pathlib import Path
from reporter.engine.duckdb import Parquet
from reporter.engine.event_table import COLUMNS, read_place
from reporter.engine.spark import Spark, open_session

made, work = map(Path, sys.argv[1:])
session, columns = open_session(), ", ".join(n for n, _ in COLUMNS)
session.sql(f"CREATE TABLE agent_events USING delta LOCATION 'file://{made}/delta'")
batches = Parquet(made / "events.parquet").batches(f"SELECT {columns} FROM held ORDER BY place")
wanted, same = [tuple(row) for batch in batches for row in batch], []
for n, text in enumerate((f"delta:{made}/delta", "agent_events", f"parquet:{made}/events.parquet")):
    with Spark(work / str(n), session, events=read_place(text)) as engine:
        rows = engine.rows(f"SELECT {columns} FROM rows_there ORDER BY place")
        same.append([tuple(row) for row in rows] == wanted)
print(json.dumps({"same": same, "rows": len(wanted)}))
"""
"""Reads a table by its path and by its name; tells whether each value is that of Parquet."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder: a company, its sixty events as Parquet in two parts, and twenty rows that are to be deleted."""
    place = tmp_path_factory.mktemp("made")
    company = company_in(place)
    write_table(company, place / "events.parquet")
    rows = f"FROM {parquet(place / 'events.parquet')}"
    more = "* REPLACE (record + 1000 AS record, place + 1000 AS place)"
    with DuckDB(place / "work") as engine:
        engine.write_parquet(f"SELECT * {rows} WHERE record <= 40", place / "one.parquet")
        engine.write_parquet(f"SELECT * {rows} WHERE record > 40", place / "two.parquet")
        engine.write_parquet(f"SELECT {more} {rows} WHERE record <= 20", place / "gone.parquet")
    return place


def _results(run: Path) -> list[tuple[Any, ...]]:
    order = 'SELECT * EXCLUDE (place) FROM held ORDER BY "check", subject'
    return [row for rows in Parquet(run / "results.parquet").batches(order) for row in rows]


def _environment(*first: Path, **more: str) -> dict[str, str]:
    """Return an environment without a session, in which modules of some folders come first."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("SPARK_", "PYSPARK_"))}
    path = ":".join(map(str, (*first, HERE.parent, HERE)))
    return kept | {"PYTHONPATH": path, "PYSPARK_PYTHON": sys.executable} | more


def _told(words: list[str], environment: dict[str, str]) -> dict[str, Any]:
    """Run Python; return the object that it prints last."""
    command = [sys.executable, "-W", "ignore", *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


@needs_iceberg
def test_a_table_of_iceberg_gives_what_its_rows_give_to_duckdb(made: Path, tmp_path: Path) -> None:
    """With the jar of Iceberg, in Spark 3.5: by path, by name and in one version."""
    words = [str(HERE / "fixture_spark_older.py"), str(made / "company"), str(made), str(tmp_path)]
    told = _told(words, _environment(OLDER))
    assert told["rows"] == {"path": 60, "name": 60, "version": 60, "version before": 80}
    assert told["same"] == ["path", "name", "version"]
    assert told["deleted"] == 20  # rows that their files still hold
    events = f"parquet:{made}/events.parquet"
    reporter.assess(made / "company", tmp_path / "plain", cache=tmp_path / "cache", events=events)
    assert _results(tmp_path / "run") == _results(tmp_path / "plain")
    engine = json.loads((tmp_path / "run/report.json").read_text())["hashes"]["engine"]
    assert ", spark 3.5" in engine


@pytest.fixture
def sail(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment that names a server of Sail: it speaks Spark Connect, and reads Delta without a jar."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = int(taken.getsockname()[1])
    (tmp_path / "kept").mkdir()
    kept = {"SAIL_EXECUTION__CHECKPOINT__PATH": f"file://{tmp_path}/kept"}
    command = [sys.executable, "-m", "pysail", "spark", "server", "--port", str(port)]
    with (tmp_path / "sail.log").open("w") as log:
        server = subprocess.Popen(
            command, cwd=tmp_path, env=_environment(SAIL, **kept), stdout=log, stderr=log
        )
    try:
        _wait(server, port, tmp_path / "sail.log")
        yield _environment(SPARK_REMOTE=f"sc://127.0.0.1:{port}")
    finally:
        server.terminate()
        server.wait(60)


def _wait(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + 120
    while True:
        assert server.poll() is None and time.monotonic() < end, log.read_text()[-2000:]
        with socket.socket() as asking:
            if asking.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)


@needs_sail
def test_a_table_of_delta_is_read_in_its_last_version(
    made: Path, sail: dict[str, str], tmp_path: Path
) -> None:
    """By a server of Sail, by path and by name: each value of each column."""
    lake = Path(shutil.copytree(made, tmp_path / "made"))
    _write_delta(lake)
    told = _told(["-c", READ_BY_SAIL, str(lake), str(tmp_path / "work")], sail)
    assert told == {"same": [True, True, True], "rows": 60}


def _write_delta(lake: Path) -> None:
    """Write a table in two partitions; then delete rows of files that hold others too."""
    import deltalake
    import pyarrow as pa
    import pyarrow.parquet as pq

    one, two, gone = (pq.read_table(lake / f"{name}.parquet") for name in ("one", "two", "gone"))
    for rows in (one, pa.concat_tables([two, gone])):
        deltalake.write_deltalake(lake / "delta", rows, mode="append", partition_by=["outcome"])
    deltalake.DeltaTable(lake / "delta").delete("place >= 1000")
    files = lake.glob("delta/*/*.parquet")
    assert sum(pq.ParquetFile(file).metadata.num_rows for file in files) == 60 + 20 + len(two)
