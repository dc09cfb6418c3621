"""Write events at a steady rate while `reporter watch` follows them; measure from a line to the change that it causes.

usage: python benchmarks/watch.py WORKSPACE [--rate 20000] [--seconds 600] [--agents 200] [--every 5]

Every few seconds one event is of an agent that no list knows. The time from its line on disk to the line that tells of it is the
latency. Printed are the median and p99 of it, lines written and taken in, the memory of the watch, also by minute, and what the host
of a virtual machine took of its processors.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

HERE = Path(__file__).parent
START = datetime(2026, 7, 1, tzinfo=UTC)
TICK = 0.05


def main() -> None:
    """Read the command line, run, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--rate", type=int, default=20_000)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--agents", type=int, default=200)
    parser.add_argument("--every", type=float, default=5)
    given = parser.parse_args()
    place = given.workspace.absolute()
    shutil.rmtree(place, ignore_errors=True)
    words = ["--events", "20000", "--agents", str(given.agents)]
    subprocess.run([sys.executable, HERE / "generate.py", place / "ws", *words], check=True)
    log = place / "ws/logs/events.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    out = place / "out.jsonl"
    command = [sys.executable, "-m", "reporter", "watch", place / "ws", "--state", place / "state"]
    watch = subprocess.Popen(
        [*command, "--out", out, "--log", "json"], stderr=(place / "log").open("w")
    )
    try:
        while '"judged"' not in (place / "log").read_text():  # of what was there before
            time.sleep(0.2)
        told = _Told(out)
        told.start()
        stolen = _stolen()
        written_at, n_written, sizes = _write(log, lines, given, watch.pid)
        stolen = _stolen() - stolen
        end = time.time() + given.seconds + 120
        wanted = n_written + len(lines)
        while time.time() < end and not (
            written_at.keys() <= told.at.keys() and _taken_in(place) == wanted
        ):
            time.sleep(1)
    finally:
        watch.terminate()
        watch.wait()
    a_minute = max(1, round(60 / given.every))
    _print(written_at, told.at, wanted, place, sizes, a_minute)
    print(f"seconds of processors that the host gave to others: {stolen:.0f}")


def _write(
    log: Path, lines: list[bytes], given: argparse.Namespace, watch: int
) -> tuple[dict[str, float], int, list[int]]:
    """Append events at the rate asked for; return when each offender was written, how many lines, and sizes of the watch."""
    written_at: dict[str, float] = {}
    sizes: list[int] = []
    began, n_written, due = time.time(), 0, 0.0
    with log.open("ab", buffering=0) as file:
        while (passed := time.time() - began) < given.seconds:
            target = int(passed * given.rate)
            block = b"".join(
                _anew(lines[i % len(lines)], i // len(lines)) for i in range(n_written, target)
            )
            name = f"offender-{len(written_at)}" if passed >= due else ""
            file.write(block + (_offender(name, passed) if name else b""))
            n_written = target
            if name:
                due += given.every
                written_at[name] = time.time()
            elif len(sizes) < len(written_at) and passed > due - given.every / 4:
                sizes.append(_resident(watch))  # by now nothing waits to be told
            time.sleep(TICK)
    return written_at, n_written + len(written_at), sizes


def _anew(line: bytes, lap: int) -> bytes:
    """Return an event with an id and a session of its own."""
    line = line.replace(b'"event_id":"', b'"event_id":"%x-' % lap, 1)
    return line.replace(b'"session_id":"', b'"session_id":"%x-' % lap, 1)


def _offender(name: str, passed: float) -> bytes:
    moment = (START + timedelta(seconds=passed)).strftime("%Y-%m-%dT%H:%M:%SZ")
    event = {
        "event_id": name, "time": moment, "log_source": "gateway", "actor_id": name, "actor_kind": "agent",
        "action": "read", "effect": "read", "tool": "crm.get_a0", "outcome": "success",
    }  # fmt: skip
    return json.dumps(event).encode() + b"\n"


class _Told(Thread):
    """Notes when the first change of each offender stands in the file of the watch."""

    def __init__(self, out: Path) -> None:
        super().__init__(daemon=True)
        self._out, self.at = out, dict[str, float]()

    def run(self) -> None:
        """Read what is added."""
        rest = b""
        with self._out.open("rb") as file:
            while True:
                if not (data := file.read()):
                    time.sleep(TICK / 5)
                    continue
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    self.at.setdefault(json.loads(line)["resources"][0]["uid"], time.time())


def _taken_in(place: Path) -> int:
    files = json.loads((place / "state/cursor.json").read_text())["files"]
    return sum(file["lines"] for file in files)


def _stolen() -> float:
    """Return the seconds of processors that the host of this machine gave to others since its start."""
    fields = Path("/proc/stat").read_text().splitlines()[0].split()
    return int(fields[8]) / os.sysconf("SC_CLK_TCK")


def _resident(process: int) -> int:
    """Return the megabytes of a process and of those that it started."""
    found = subprocess.run(
        ["ps", "-eo", "pid,ppid,rss"], capture_output=True, text=True, check=True
    ).stdout
    rows = [tuple(map(int, line.split())) for line in found.splitlines()[1:]]
    family = {process}
    for _ in range(4):
        family |= {pid for pid, parent, _ in rows if parent in family}
    return sum(rss for pid, _, rss in rows if pid in family) // 1024


def _print(
    written_at: dict[str, float],
    told_at: dict[str, float],
    n_lines: int,
    place: Path,
    sizes: list[int],
    a_minute: int,
) -> None:
    waits = sorted(told_at[n] - at for n, at in written_at.items() if n in told_at)
    entries = [json.loads(line) for line in (place / "log").read_text().splitlines()]
    judged = sum(entry.get("event") == "judged" for entry in entries)
    print(f"lines written {n_lines}, taken in {_taken_in(place)}; judgements {judged}")
    print(f"offenders {len(written_at)}, told {len(waits)}")
    if waits:
        p99 = waits[math.ceil(len(waits) * 0.99) - 1]
        print(f"seconds to the change: median {statistics.median(waits):.2f}, p99 {p99:.2f}")
    print(f"MB of memory: first {sizes[0]}, largest {max(sizes)}, last {sizes[-1]}")
    minutes = [sizes[n : n + a_minute] for n in range(0, len(sizes), a_minute)]
    print("largest of each minute:", *(max(minute) for minute in minutes))


if __name__ == "__main__":
    main()
