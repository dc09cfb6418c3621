"""Assess tables of normalised events with DuckDB and with Spark: seconds, core-seconds, what comes back, where they cross.

usage: python benchmarks/spark.py [--events 1000000 3000000 10000000] [--cores 2] [--price 0.05] [--folder DIR] [--keep]

Each size is a folder of Parquet, one file for each million rows, made with DuckDB: 500 agents of which few are busy, 300
tools, 92 days, sessions of nine events, one event in a thousand by nobody who is registered. Each engine reads it in a
process of its own. A line through the two largest sizes gives what a run costs whatever it reads, and for each event.
`--statements` prints what was asked of Spark: what each statement groups on, seconds, rows and bytes that came back.

Core-seconds are what all processes of a run used, so that other work on the machine changes them less than seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from generate import DAYS, EFFECTS, FAMILIES, VERBS, write_register

AGENTS, TOOLS, A_FILE = 500, 300, 1_000_000
SETTINGS = "organisation: Synthetic Ltd\nperiod: {from: '2026-07-01', to: '2026-10-01'}\nlog_sources: {gateway: {every: day}}\n"
ENGINES = ("duckdb", "spark")
DRIVER_MEMORY = "3g"
A_THOUSAND_MILLION = 10**9
ROW = """
    SELECT printf('%012x', k) AS event_id,
      TIMESTAMP '2026-07-01' + to_microseconds(CAST(k * {micros} AS BIGINT)) AS occurred_at,
      occurred_at + INTERVAL 3 SECOND AS ingested_at,
      'gateway' AS log_source,
      CASE WHEN dice < 0.999 THEN printf('agent-%05d', i) ELSE printf('unregistered-%03d', k % 50) END AS actor_id,
      'agent' AS actor_kind,
      printf('cred-%05d', CASE WHEN i % 97 > 0 THEN i ELSE i // 97 % 7 END) AS credential_id,
      printf('s-%x', k // 9) AS session_id,
      'tool' AS event_class,
      split_part(tool, '.', 2) AS action,
      tool, effect,
      printf('arn:aws:%s:eu-west-1:12345678:object/%08x', split_part(tool, '.', 1), (k * 2654435761) & 4294967295) AS resource,
      'production' AS environment,
      printf('10.%d.%d.7', k & 255, i & 255) AS source_ip,
      CASE WHEN effect IN ('delete', 'publish') THEN printf('APR-%07d', k % 10000000) END AS approval_id,
      CASE WHEN dice >= 0.2 OR k % 5 < 3 THEN 'success' WHEN k % 5 = 3 THEN 'denied' ELSE 'error' END AS outcome,
      'gateway-lake' AS source,
      'topic/' || CAST(CAST(occurred_at AS DATE) AS VARCHAR) AS file,
      k AS record, k AS place
"""


def main() -> None:
    """Read the command line; make tables, read them with both engines, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, nargs="+", default=[10**6, 3 * 10**6, 10**7])
    parser.add_argument("--engines", nargs="+", default=list(ENGINES), choices=ENGINES)
    parser.add_argument("--cores", type=int, default=os.cpu_count())
    parser.add_argument("--price", type=float, default=0.05, help="of a core-hour")
    parser.add_argument("--memory", default="2GB", help="for DuckDB")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--keep", action="store_true", help="leave the tables for another time")
    parser.add_argument("--statements", action="store_true")
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="reporter-spark-"))
    found: dict[str, dict[int, dict[str, Any]]] = {engine: {} for engine in given.engines}
    try:
        for n in sorted(given.events):
            workspace, table = make(folder, n)
            for engine in given.engines:
                found[engine][n] = measured = _measured(engine, workspace, table, given)
                print(_line(engine, n, measured), flush=True)
                if given.statements:
                    _print_statements(measured["statements"])
    finally:
        if not given.keep:
            shutil.rmtree(folder)
    _compare(found, given.price)


def make(folder: Path, n: int) -> tuple[Path, Path]:
    """Return a workspace without logs, and a folder with a table of n events, made where it is not there."""
    import duckdb

    workspace, table = folder / "workspace", folder / f"events-{n}"
    tools = [
        f"{FAMILIES[i % 10]}.{VERBS[(i // 10) % 10]}_{'abc'[(i // 100) % 3]}{i // 300}"
        for i in range(TOOLS)
    ]
    if not workspace.exists():
        (workspace / "inventory").mkdir(parents=True)
        (workspace / "reporter.yml").write_text(SETTINGS)
    principals = [f"arn:aws:iam::1234:role/agent-{i:05d}" for i in range(AGENTS)]
    scopes = write_register(workspace, tools, random.Random(7), principals, "gateway")
    if table.exists():
        return workspace, table
    table.mkdir()
    con = duckdb.connect(config={"memory_limit": "2GB"})
    effects = {t: EFFECTS.get(t.split(".")[1].split("_")[0], "read") for t in tools}
    rows = [(i, j, t, effects[t]) for i, scope in enumerate(scopes) for j, t in enumerate(scope)]
    con.execute("CREATE TABLE scopes (i BIGINT, j BIGINT, tool VARCHAR, effect VARCHAR)")
    con.execute(
        "INSERT INTO scopes SELECT unnest(?), unnest(?), unnest(?), unnest(?)",
        [list(c) for c in zip(*rows, strict=True)],
    )
    con.execute("CREATE TABLE sizes AS SELECT i, count(*) AS size FROM scopes GROUP BY i")
    row = ROW.format(micros=DAYS * 86400 * 1_000_000 / n)
    for number, first in enumerate(range(0, n, A_FILE)):
        last = min(first + A_FILE, n)
        drawn = (
            f"SELECT k, hash(k, 1) / 18446744073709551616.0 AS dice, CAST(floor({AGENTS} * pow(hash(k, 2) /"
            f" 18446744073709551616.0, 1.7)) AS BIGINT) AS i, hash(k, 3) AS draw FROM range({first}, {last}) AS r(k)"
        )
        con.execute(
            f"COPY (SELECT * FROM ({row} FROM ({drawn}) AS d JOIN sizes USING (i) JOIN scopes USING (i) WHERE scopes.j ="
            f" d.draw % sizes.size) AS e ORDER BY record) TO '{table}/part-{number:05d}.parquet' (FORMAT parquet, COMPRESSION zstd)"
        )
    con.close()
    return workspace, table


def _measured(
    engine: str, workspace: Path, table: Path, given: argparse.Namespace
) -> dict[str, Any]:
    """Assess in a process of its own."""
    with tempfile.TemporaryDirectory(dir=table.parent) as place:
        words = [engine, str(workspace), str(table), place, str(given.cores), given.memory]
        done = subprocess.run(
            [sys.executable, __file__, "--one", *words], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(done.stderr[-3000:])
        return dict(json.loads((Path(place) / "measured.json").read_text()))


def _line(engine: str, n: int, m: dict[str, Any]) -> str:
    return (
        f"{engine:7} {n:>12,} events {m['seconds']:8.1f} s {m['core_seconds']:8.1f} core-s"
        f" {n / m['seconds']:>10,.0f} rows/s {m['bytes'] / 1e6:8.2f} MB back in {m['answers']} answers,"
        f" load {m['load']:.1f}, score {m['score']}"
    )


def _compare(found: dict[str, dict[int, dict[str, Any]]], price: float) -> None:
    """Print a line through the two largest sizes of each engine, and what follows from both."""
    lines = {}
    for engine, sizes in found.items():
        if len(sizes) > 1:
            (n1, one), (n2, two) = sorted(sizes.items())[-2:]
            each, cpu = ((two[key] - one[key]) / (n2 - n1) for key in ("seconds", "core_seconds"))
            lines[engine] = one["seconds"] - each * n1, each, cpu
            print(
                f"{engine}: {lines[engine][0]:.0f} s and {each * 1e6:.2f} s a million events;"
                f" {cpu * 1e6:.2f} core-s a million;"
                f" {cpu * A_THOUSAND_MILLION / 3600 * price:.2f} for 10^9 events at {price} a core-hour"
            )
    if lines.keys() != {*ENGINES}:
        return
    (fixed_d, each_d, _), (fixed_s, each_s, cpu_s) = (lines[e] for e in ENGINES)
    if each_s < each_d:
        print(
            f"on this machine they cross at {(fixed_s - fixed_d) / (each_d - each_s):,.0f} events"
        )
    else:
        print(
            f"on this machine they do not cross: an event costs Spark {each_s / each_d:.1f} times as much"
        )
    for n in (10**8, 10**9, 10**10):
        left = fixed_d + each_d * n - fixed_s
        print(f"{n:>14,} events: Spark is faster from {max(1, cpu_s * n / left):,.0f} cores on")


def _print_statements(statements: list[dict[str, Any]]) -> None:
    for s in sorted(statements, key=lambda s: -s["seconds"]):
        print(
            f"  {s['table']:24} {s['seconds']:7.2f} s {s['rows']:>9,} rows {s['bytes']:>11,} bytes"
            f"  by {', '.join(s['by']) or '-'}"
        )


# ---------------------------------------------------------------- in the process of one engine

_BY = re.compile(r"(?:GROUP BY|PARTITION BY) ([\w., ()]+?)(?= HAVING| ORDER| QUALIFY|\)| WINDOW|$)")
_TARGET = re.compile(r"(?:TABLE|INTO)\s+(\w+)")


def _one(engine: str, workspace: str, table: str, place: str, cores: str, memory: str) -> None:
    """Assess a table with one engine, and leave what it took."""
    import reporter
    from reporter.engine import spark as spark_engine

    session = _session(cores) if engine == "spark" else None
    statements: list[dict[str, Any]] = []
    take, taken = spark_engine.Spark._take, spark_engine.Spark.take_arrow

    def noted(self: Any, head: str, query: str) -> None:
        begun = time.perf_counter()
        plain = re.sub(r"\s+", " ", query)
        by = sorted({b.strip() for b in _BY.findall(plain)})
        statements.append({"table": _TARGET.findall(head)[0], "by": by, "rows": 0, "bytes": 0})
        mine = statements[-1]
        take(self, head, query)
        mine["seconds"] = time.perf_counter() - begun

    def counted(self: Any, statement: str, name: str, rows: Any) -> None:
        named = _TARGET.findall(statement)[0]
        mine = next(s for s in reversed(statements) if s["table"] == named)
        mine["rows"], mine["bytes"] = rows.num_rows, rows.nbytes
        taken(self, statement, name, rows)

    spark_engine.Spark._take = noted  # type: ignore[method-assign]
    spark_engine.Spark.take_arrow = counted  # type: ignore[method-assign]
    cpu, begun = _core_seconds(), time.perf_counter()
    run = reporter.assess(
        workspace,
        f"{place}/run",
        spark=session,
        events=f"parquet:{table}",
        memory=memory,
        packs=False,
    )
    measured = {
        "seconds": time.perf_counter() - begun,
        "core_seconds": _core_seconds() - cpu,
        "load": os.getloadavg()[0],
        "bytes": sum(s["bytes"] for s in statements),
        "answers": len(statements),
        "statements": [s for s in statements if "seconds" in s],
        "score": str(run.score),
    }
    (Path(place) / "measured.json").write_text(json.dumps(measured))


def _session(cores: str) -> Any:
    from pyspark.sql import SparkSession

    return (
        SparkSession.builder.master(f"local[{cores}]")
        .config("spark.driver.memory", DRIVER_MEMORY)
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.log.level", "ERROR")
        .config("spark.sql.shuffle.partitions", str(4 * int(cores)))
        .getOrCreate()
    )


def _core_seconds() -> float:
    """Return the processor time of this process and of all below it, living or ended."""
    parents: dict[int, tuple[int, float]] = {}
    tick = os.sysconf("SC_CLK_TCK")
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        parents[int(path.parent.name)] = int(fields[1]), sum(map(int, fields[11:15])) / tick
    family, size = {os.getpid()}, 0
    while len(family) > size:
        size = len(family)
        family |= {pid for pid, (parent, _) in parents.items() if parent in family}
    return sum(parents[pid][1] for pid in family)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        _one(*sys.argv[2:])
    else:
        main()
