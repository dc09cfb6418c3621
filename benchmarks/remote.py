"""Fetching many small objects. usage: python benchmarks/remote.py [--objects 10000] [--runs 3]

A server of tests/fixture_storage.py in a process of its own holds packed logs of 20 events each. Measured are: a bare client (16 threads,
connections kept) that reads the same keys; the first fetch; a second one of the same, from the cache; both with their requests;
then whole assessments, and one over the same files in the workspace. The server is Python too, and shares the two cores.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
HEAD = "organisation: X\nperiod: {from: '2026-07-01', to: '2026-10-01'}\n"
EVENT = '{"time": "2026-08-%02dT%02d:00:00Z", "actor_id": "a1", "actor_kind": "agent", "outcome": "success", "event_id": "e%d"}\n'
EVENTS, THREADS = 20, 16
SERVER = """
import sys
sys.path.insert(0, sys.argv[1])
from remote import objects
from fixture_storage import Storage, served
with served(Storage(objects(int(sys.argv[2])))) as storage:
    print(storage.port, flush=True)
    sys.stdin.read()
"""


def objects(n: int) -> dict[str, bytes]:
    """Packed logs by key."""
    made = {}
    for number in range(n):
        lines = (EVENT % (1 + i % 28, number % 24, number * EVENTS + i) for i in range(EVENTS))
        key = f"logs/2026/{number // 1000:03}/{number:06}.jsonl.gz"
        made[key] = gzip.compress("".join(lines).encode(), 1, mtime=0)
    return made


def bare(port: int, keys: list[str]) -> None:
    """Read all keys with a client that does nothing else."""
    pending = iter(keys)
    lock = threading.Lock()

    def work() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        while True:
            with lock:
                key = next(pending, None)
            if key is None:
                return
            connection.request("GET", f"/audit/{quote(key)}")
            connection.getresponse().read()

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def timed(act: Callable[[], object]) -> tuple[float, float]:
    """Return wall and CPU seconds of this process."""
    cpu, wall = time.process_time(), time.perf_counter()
    act()
    return time.perf_counter() - wall, time.process_time() - cpu


def assessed(ws: Path, out: Path, cache: Path, *words: str) -> float:
    began = time.perf_counter()
    line = [
        sys.executable,
        "-m",
        "reporter",
        "assess",
        str(ws),
        "--out",
        str(out),
        "--cache",
        str(cache),
        "--formats",
        "csv",
        "--quiet",
    ]
    subprocess.run([*line, *words], check=True, cwd=ROOT)
    return time.perf_counter() - began


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--objects", type=int, default=10_000)
    words.add_argument("--runs", type=int, default=3)
    given = words.parse_args()
    paths = os.pathsep.join([str(ROOT / "benchmarks"), str(ROOT)])
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(ROOT / "tests"), str(given.objects)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": paths},
    )  # fmt: skip
    assert server.stdout and server.stdin
    port = int(server.stdout.readline())
    os.environ |= {
        "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_DEFAULT_REGION": "us-east-1",
        "PYTHONPATH": str(ROOT),
    }
    try:
        _measure(given.objects, given.runs, port)
    finally:
        server.kill()
        server.wait()


def _measure(n: int, runs: int, port: int) -> None:
    from reporter.content.remote.remote_places import RemotePlace
    from reporter.ingest.remote.fetch import Surroundings, fetch

    keys = sorted(objects(n))
    rows: dict[str, list[tuple[float, float]]] = {"bare client": [], "first fetch": [], "the same again": []}  # fmt: skip
    requests: dict[str, int] = {}
    for _ in range(runs):
        rows["bare client"].append(timed(lambda: bare(port, keys)))
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "part").mkdir()

            def once(what: str, folder: Path = folder) -> None:
                place = RemotePlace("s3://audit/logs/", "logs/s3")
                done = fetch([place], set(), Surroundings(folder, folder / "part", os.environ))
                assert len(done.files) == n and not any(f.is_lost for f in done.files)
                requests[what] = done.requests

            for what in ("first fetch", "the same again"):
                rows[what].append(timed(lambda what=what: once(what)))
    for what, costs in rows.items():
        wall, cpu = (statistics.median(c[i] for c in costs) for i in (0, 1))
        print(f"{what}: {wall:.2f} s wall, {cpu:.2f} s CPU, {requests.get(what, n):,} requests")
    print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000} MB")  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ws = folder / "ws"
        (ws / "inventory").mkdir(parents=True)
        (ws / "inventory" / "agents.jsonl").write_text('{"type": "agent", "actor_id": "a1", "state": "active"}\n')  # fmt: skip
        (ws / "reporter.yml").write_text(HEAD + "remote: [{from: s3://audit/logs/, to: logs/s3}]\n")
        for number, what in enumerate(("assessed, first", "again", "again, kept")):
            took = assessed(ws, folder / f"out{number}", folder / "cache", "--remote")
            print(f"{what}: {took:.2f} s wall")
        (ws / "reporter.yml").write_text(HEAD)
        for key, data in objects(n).items():
            path = ws / "logs" / "s3" / key.removeprefix("logs/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        took = assessed(ws, folder / "here", folder / "cache of here")
        print(f"assessed, the same files in the workspace: {took:.2f} s wall")
        shutil.rmtree(ws)


if __name__ == "__main__":
    main()
