"""Measure `reporter batch` beside single runs. usage: python benchmarks/batch.py [--units 50] [--jobs 2] [--formats json]

Each unit is the sample company, its files made distinct by blank lines at their end, so that none is found in the cache of
another. First a batch from nothing; then each unit alone, and all of them as a batch, both anew over converted files; then
the same batch again, with nothing changed. The limits: the second batch takes at most 1.2 times what the single runs take
together, and the memory of the batch itself stays flat. The exit code is 1 where a limit is missed. On a noisy machine only
ratios mean anything.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
SAMPLE = HERE.parent / "sample_data/acme/2026-q3"
REPORTER = [sys.executable, "-m", "reporter.cli"]
ENDED = (".json", ".jsonl", ".csv")
"""Files whose blank lines at the end hold nothing."""
MOST, FLAT = 1.2, 1.1
"""Limits: of the single runs together; of the memory of the batch at first."""


@dataclass
class Took:
    """What a command took."""

    wall: float
    cpu: float
    own: list[int] = field(default_factory=list)
    """MB of the batch without the processes of its units, each half second."""
    whole: int = 0
    """Most MB of all processes, what they share counted once."""


def make(place: Path, units: int, formats: str, jobs: int) -> None:
    for n in range(units):
        folder = place / f"units/unit-{n:03}"
        shutil.copytree(SAMPLE, folder)
        for path in (p for p in folder.rglob("*") if p.suffix in ENDED):
            with path.open("ab") as file:
                file.write(b"\n" * (n + 1))
    plan = f"units: [units/*]\nout: runs\nformats: [{formats}]\njobs: {jobs}\n"
    (place / "PLAN.yml").write_text(plan)


def run(place: Path, *words: object, watch: bool = False) -> Took:
    """Run a command; Python's children are counted where they have ended."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    process = subprocess.Popen(
        [*REPORTER, *map(str, words)], cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": str(HERE.parent)},
    )  # fmt: skip
    took = Took(0, 0)
    watching = threading.Thread(target=_watch, args=(process, took))
    if watch:
        watching.start()
    _, said = process.communicate()
    took.wall = time.perf_counter() - began
    if watch:
        watching.join()
    if process.returncode:
        raise SystemExit(f"{' '.join(map(str, words))}: exit code {process.returncode}\n{said}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took.cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return took


def _watch(process: subprocess.Popen[str], took: Took) -> None:
    while process.poll() is None:
        own = [process.pid, *_children(process.pid)]
        units = [d for p in own[1:] for c in _children(p) for d in (c, *_family(c))]
        if len(own) > 1:
            took.own.append(sum(map(_memory, own)))
            took.whole = max(took.whole, sum(map(_memory, (*own, *units))))
        time.sleep(0.5)


def _children(process: int) -> list[int]:
    try:
        paths = [*Path(f"/proc/{process}/task").glob("*/children")]
        return [int(p) for path in paths for p in path.read_text().split()]
    except OSError:
        return []


def _family(process: int) -> list[int]:
    return [p for child in _children(process) for p in (child, *_family(child))]


def _memory(process: int) -> int:
    """MB, what several processes share divided among them."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) // 1024
    except (OSError, StopIteration):
        return 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure reporter batch beside single runs.")
    parser.add_argument("--units", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--formats", default="html, pdf, json, csv")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        make(place, given.units, given.formats, given.jobs)
        first = run(place, "batch", "PLAN.yml", "--quiet")
        print(
            f"first batch of {given.units}, {given.jobs} at a time: {first.wall:.1f} s, CPU {first.cpu:.1f} s",
            flush=True,
        )
        singles = []
        for n, unit in enumerate(sorted((place / "units").iterdir())):
            words = (
                "assess",
                unit,
                "--out",
                place / f"alone/{n}",
                "--cache",
                place / "runs/.reporter-cache",
            )
            singles.append(
                run(
                    place, *words, "--formats", given.formats.replace(" ", ""), "--fresh", "--quiet"
                )
            )
        wall, cpu = sum(t.wall for t in singles), sum(t.cpu for t in singles)
        print(
            f"each alone, converted files there: {wall:.1f} s together, CPU {cpu:.1f} s", flush=True
        )
        second = run(place, "batch", "PLAN.yml", "--quiet", "--fresh", watch=True)
        ratio, of_cpu = second.wall / wall, second.cpu / cpu
        print(
            f"second batch: {second.wall:.1f} s, CPU {second.cpu:.1f} s; of the single runs {ratio:.2f} x, CPU {of_cpu:.2f} x (limit {MOST} x)"
        )
        rows = json.loads((place / "runs/batch.json").read_bytes())["units"]
        peaks = sorted(row["peak_mb"] for row in rows)
        third = max(len(second.own) // 3, 1)
        early, late = (statistics.median(s) for s in (second.own[:third], second.own[-third:]))
        print(
            f"memory: the batch itself {early:.0f} MB in the first third and {late:.0f} MB in the last; a unit {peaks[0]} to {peaks[-1]} MB; all together {second.whole} MB at most"
        )
        same = run(place, "batch", "PLAN.yml", "--quiet")
        print(f"the same again, nothing changed: {same.wall:.1f} s, CPU {same.cpu:.1f} s")
        return int(ratio > MOST or late > early * FLAT)


if __name__ == "__main__":
    sys.exit(main())
