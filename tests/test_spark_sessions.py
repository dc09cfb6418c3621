"""Sessions of the user's own, as docs/spark.md says how to give them: Spark Connect, and a cluster of processes apart."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from fixture_event_table import company_in, write_table
from fixture_spark import SMALL, needs_spark

import reporter
from reporter.engine.duckdb import Parquet

pytestmark = [pytest.mark.spark, pytest.mark.slow, needs_spark]
needs_connect = pytest.mark.skipif(
    any(find_spec(name) is None for name in ("grpc", "grpc_status", "zstandard")),
    reason="needs the client of Spark Connect: make slow-spark",
)
ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/spark.md").read_text(encoding="utf-8")
SERVER = "org.apache.spark.sql.connect.service.SparkConnectServer"
MASTER = "org.apache.spark.deploy.master.Master"
WORKER = "org.apache.spark.deploy.worker.Worker"
HANDED = """
import json, math, sys
import reporter
from reporter.engine.executors import Executors
from reporter.engine.spark import SETTINGS, open_session

company, folder, cache, table = sys.argv[1:]
session = open_session()
before = {name: session.conf.get(name, None) for name in SETTINGS}
reporter.assess(company, f"{folder}/files", cache=cache, spark=session)
reporter.assess(company, f"{folder}/table", cache=cache, spark=session, events=table)
print(json.dumps({
    "of": type(session).__module__,
    "views": [row.viewName for row in session.sql("SHOW VIEWS").collect()],
    "is_left_as_it_was": before == {name: session.conf.get(name, None) for name in SETTINGS},
    "by_executors": [*Executors(session).results(math.factorial, [(5,), (3,)])],
}))
"""
"""Assesses files, then a table, in a session that the environment names; tells what is left of that in it."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder: a company, a run of it without Spark, their cache, and its events as a table."""
    place = tmp_path_factory.mktemp("made")
    company = company_in(place)
    reporter.assess(company, place / "plain", cache=place / "cache")
    write_table(company, place / "events.parquet")
    return place


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _environment(**more: str) -> dict[str, str]:
    """Return an environment that names no other session, in which executors find Reporter."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("SPARK_", "PYSPARK_"))}
    path = f"{Path(sys.executable).parent}:{kept['PATH']}"
    return kept | {"PYTHONPATH": str(ROOT), "PYSPARK_PYTHON": sys.executable, "PATH": path} | more


@contextmanager
def _served(words: list[str], folder: Path, said: str) -> Iterator[None]:
    """Run a server of Spark until the end; it is there once its log says so."""
    spec = find_spec("pyspark")
    assert spec and spec.origin
    log = folder / f"{next(w for w in words if w.startswith('org.')).rpartition('.')[2]}.log"
    command = [str(Path(spec.origin).parent / "bin" / words[0]), *words[1:]]
    with log.open("w") as out:
        server = subprocess.Popen(
            command, cwd=folder, env=_environment(), stdout=out, stderr=out, start_new_session=True
        )
    try:
        end = time.monotonic() + 240
        while said not in log.read_text():
            assert server.poll() is None and time.monotonic() < end, log.read_text()[-2000:]
            time.sleep(0.2)
        yield
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(60)


@pytest.fixture(scope="module")
def connect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment that names a server of Spark Connect, as the page says."""
    port = _free_port()
    settings = SMALL | {
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": str(port),
        "spark.log.level": "INFO",
    }
    words = ["spark-submit", "--class", SERVER, "--master", "local[2]"]
    words += [w for name, value in settings.items() for w in ("--conf", f"{name}={value}")]
    words += ["--driver-memory", settings["spark.driver.memory"]]
    name, _, address = _quoted("SPARK_REMOTE=").partition("=")
    with _served(words, tmp_path_factory.mktemp("connect"), "Connect server started"):
        yield {name: address.replace("spark.example.com:15002", f"127.0.0.1:{port}")}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment that names a cluster of a master and a worker, as the page says."""
    folder, port = tmp_path_factory.mktemp("cluster"), _free_port()
    master = f"spark://127.0.0.1:{port}"
    line = _quoted("spark.master ").replace("spark://spark.example.com:7077", master)
    settings = SMALL | {
        "spark.executor.memory": "1g",
        "spark.executor.extraJavaOptions": SMALL["spark.driver.extraJavaOptions"],
    }
    lines = [line, *(f"{name} {value}" for name, value in settings.items())]
    (folder / "spark-defaults.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")
    local = ["--host", "127.0.0.1", "--webui-port", "0"]
    of_master = ["spark-class", MASTER, *local, "--port", str(port)]
    of_worker = ["spark-class", WORKER, *local, "--cores", "2", "--memory", "1g"]
    of_worker += ["--work-dir", str(folder / "work"), master]
    with (
        _served(of_master, folder, "New state: ALIVE"),
        _served(of_worker, folder, "Successfully registered with master"),
    ):
        yield {_quoted("SPARK_CONF_DIR=").partition("=")[0]: str(folder)}


def _quoted(beginning: str) -> str:
    """Return what the page quotes that begins so."""
    found = re.search(rf"`({re.escape(beginning)}[^`]*)`", PAGE)
    assert found, beginning
    return found[1]


def _results(run: Path) -> list[tuple[Any, ...]]:
    order = 'SELECT * EXCLUDE (place) FROM held ORDER BY "check", subject'
    return [row for rows in Parquet(run / "results.parquet").batches(order) for row in rows]


def _assessed(made: Path, folder: Path, environment: dict[str, str]) -> str:
    """Assess both in one session; hold results against those of DuckDB, and return whose it was."""
    words = [sys.executable, "-W", "ignore", "-c", HANDED, str(made / "company"), str(folder)]
    words += [str(made / "cache"), f"parquet:{made}/events.parquet"]
    done = subprocess.run(
        words, env=_environment(**environment), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    for name in ("results.parquet", "actors.parquet"):
        assert (folder / "files" / name).read_bytes() == (made / "plain" / name).read_bytes()
    assert _results(folder / "table") == _results(made / "plain")
    engine = json.loads((folder / "files/report.json").read_text())["hashes"]["engine"]
    assert ", spark 4" in engine
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["is_left_as_it_was"] and told["views"] == []
    assert told["by_executors"] == [120, 6]
    return str(told["of"])


@needs_connect
def test_spark_connect_gives_what_duckdb_gives(
    made: Path, connect: dict[str, str], tmp_path: Path
) -> None:
    assert _assessed(made, tmp_path, connect) == "pyspark.sql.connect.session"


def test_a_cluster_gives_what_duckdb_gives(
    made: Path, cluster: dict[str, str], tmp_path: Path
) -> None:
    assert _assessed(made, tmp_path, cluster) == "pyspark.sql.session"
    (folder,) = cluster.values()
    assert [
        *Path(folder).glob("work/app-*/0/stderr")
    ]  # its executors ran in processes of their own
