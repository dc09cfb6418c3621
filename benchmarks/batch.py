"""Measure `reporter batch` beside single runs. usage: python benchmarks/batch.py [--units 50] [--pairs 5] [--formats json]

Each unit is the sample company, its files made distinct by blank lines at their end, so that none is found in the cache of
another. First a batch of all of them from nothing, whose own memory is watched. Then, in portions and in turn, each unit
alone, all of the portion as a batch one at a time, and as many at a time as there are processors: all anew over converted
files, so that a machine that is busy with something else slows all three. Last the same batch again, with nothing changed.
The limits: a batch takes at most 1.2 times what the single runs take together, and its own memory stays flat.
`run.py --only batch` has the same figures as lines of measured.csv.
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
from collections.abc import Sequence
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


@dataclass
class Figures:
    """What came out."""

    walls: dict[int, list[float]] = field(default_factory=dict)
    """Of the single runs, by units at a time: a ratio for each portion."""
    cpus: dict[int, list[float]] = field(default_factory=dict)
    early: float = 0.0
    """MB of the batch itself in the first third of its time."""
    late: float = 0.0
    """In the last third."""
    whole: int = 0
    unchanged: float = 0.0
    """Wall seconds of the batch where nothing has changed."""

    @property
    def growth(self) -> float:
        return self.late / self.early if self.early else 0.0


def make(place: Path, units: int) -> None:
    """Make the workspaces of the units."""
    for n in range(units):
        folder = place / f"units/unit-{n:03}"
        shutil.copytree(SAMPLE, folder)
        for path in (p for p in folder.rglob("*") if p.suffix in ENDED):
            with path.open("ab") as file:
                file.write(b"\n" * (n + 1))


def plan(place: Path, units: Sequence[Path], formats: str, jobs: int) -> Path:
    """Write the plan of some units."""
    path = place / f"PLAN-{units[0].name}-{jobs}.yml"
    names = ", ".join(f"units/{u.name}" for u in units)
    path.write_text(f"units: [{names}]\nout: runs\nformats: [{formats}]\njobs: {jobs}\n")
    return path


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


def measure(place: Path, number: int, pairs: int, formats: str, jobs: Sequence[int]) -> Figures:
    """Measure batches of so many units in an empty folder; print what comes out as it does."""
    make(place, number)
    units = sorted((place / "units").iterdir())
    everything = plan(place, units, formats, max(jobs))
    first = run(place, "batch", everything, "--quiet", watch=True)
    _say(f"first batch of {number}: {first.wall:.1f} s, CPU {first.cpu:.1f} s")
    third = max(len(first.own) // 3, 1)
    figures = Figures(whole=first.whole)
    figures.early, figures.late = (
        statistics.median(s) for s in (first.own[:third], first.own[-third:])
    )
    size = -(-number // pairs)
    for begin in range(0, number, size):
        portion = units[begin : begin + size]
        alone = [_alone(place, unit, formats) for unit in portion]
        wall, cpu = sum(t.wall for t in alone), sum(t.cpu for t in alone)
        _say(f"{len(portion)} units, each alone: {wall:.1f} s together, CPU {cpu:.1f} s")
        for n in jobs:
            batch = run(place, "batch", plan(place, portion, formats, n), "--quiet", "--fresh")
            figures.walls.setdefault(n, []).append(batch.wall / wall)
            figures.cpus.setdefault(n, []).append(batch.cpu / cpu)
            _say(f"  as a batch, {n} at a time: {batch.wall:.1f} s, CPU {batch.cpu:.1f} s")
    same = run(place, "batch", everything, "--quiet")
    figures.unchanged = same.wall
    _say(f"the same again, nothing changed: {same.wall:.1f} s, CPU {same.cpu:.1f} s")
    return figures


def _alone(place: Path, unit: Path, formats: str) -> Took:
    """Assess a unit by itself, over the files that the batch has converted."""
    shutil.rmtree(place / "alone", ignore_errors=True)
    words = ("--out", place / "alone", "--cache", place / "runs/.reporter-cache")
    return run(place, "assess", unit, *words, "--formats", formats, "--fresh", "--quiet")


def _say(text: str) -> None:
    print(text, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure reporter batch beside single runs.")
    parser.add_argument("--units", type=int, default=50)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--formats", default="html,pdf,json,csv")
    given = parser.parse_args()
    jobs = sorted({1, len(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), given.units, given.pairs, given.formats, jobs)
        peaks = [
            row["peak_mb"]
            for row in json.loads((Path(folder) / "runs/batch.json").read_bytes())["units"]
        ]
    is_missed = figures.growth > FLAT
    for n in jobs:
        wall, cpu = (statistics.median(x[n]) for x in (figures.walls, figures.cpus))
        spread = f"{min(figures.walls[n]):.2f} to {max(figures.walls[n]):.2f}"
        _say(
            f"{n} at a time, of the single runs: {wall:.2f} x ({spread}), CPU {cpu:.2f} x (limit {MOST} x)"
        )
        is_missed |= wall > MOST
    _say(
        f"memory: the batch itself {figures.early:.0f} MB in the first third and {figures.late:.0f} MB in the last; "
        f"a unit {min(peaks)} to {max(peaks)} MB; all together {figures.whole} MB at most"
    )
    return int(is_missed)


if __name__ == "__main__":
    sys.exit(main())
