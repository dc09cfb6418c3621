"""Measure the limits of README.md here. usage: python benchmarks/run.py [--runs 3] [--only NAME ...] [--large]

Each line is one limit: what is measured, the limit, the median, whether it is met. Where the limit is a ratio to the
bare engine, each run is paired with one of the engine on the same files, in turn, so that a noisy machine slows both.
Wall and CPU seconds are of whole processes with their children, memory is their peak. --large adds what takes an hour.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import opening as pages

HERE = Path(__file__).parent
SAMPLE = HERE.parent / "sample_data/acme/2026-q3"
REPORTER = [sys.executable, "-m", "reporter.cli"]
MB = 1_000_000


@dataclass(frozen=True)
class Cost:
    """What a process took."""

    wall: float
    cpu: float
    peak: int
    """MB"""


@dataclass(frozen=True)
class Line:
    """One limit, and what came out."""

    what: str
    unit: str
    limit: float
    """0 for none: the value is printed for comparison."""
    values: tuple[float, ...]

    def __str__(self) -> str:
        median = statistics.median(self.values)
        spread = f"{min(self.values):.4g} to {max(self.values):.4g}" if len(self.values) > 1 else ""
        limit = (
            f"limit {self.limit:<6g} {'met' if median <= self.limit else 'NOT MET':8}"
            if self.limit
            else " " * 21
        )
        return f"{self.what:58} {median:8.4g} {self.unit:4} {limit} {spread}".rstrip()


class Bench:
    """A folder to work in, and how often each thing is measured."""

    def __init__(self, work: Path, runs: int) -> None:
        self.work, self.runs = work, runs
        self._data: dict[tuple[str, ...], Path] = {}

    def data(self, *options: str) -> Path:
        """Make a synthetic workspace once."""
        if options not in self._data:
            self._data[options] = self.work / f"data-{len(self._data)}"
            command = [
                sys.executable,
                str(HERE / "generate.py"),
                str(self._data[options]),
                *options,
            ]
            subprocess.run(command, check=True)
        return self._data[options]

    def assess(self, workspace: Path, formats: str, *more: str, anew: bool = True) -> Cost:
        """Assess a workspace, without a cache if anew."""
        shutil.rmtree(self.work / "run", ignore_errors=True)
        if anew:
            shutil.rmtree(self.work / ".reporter-cache", ignore_errors=True)
        settle(workspace)
        out = ("--out", str(self.work / "run"), "--formats", formats, "--quiet", *more)
        return cost([*REPORTER, "assess", str(workspace), *out])

    def repeated(self, measure: Callable[[], Cost]) -> list[Cost]:
        """Measure several times."""
        return [measure() for _ in range(self.runs)]


def settle(workspace: Path) -> None:
    """Wait until no file was written so recently that a second write might not show."""
    newest = max(p.stat().st_ctime for p in workspace.rglob("*") if p.is_file())
    time.sleep(max(0.0, newest + 2.5 - time.time()))


def cost(command: list[str]) -> Cost:
    """Run a process and return what it took."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    if status:
        raise SystemExit(f"{' '.join(command)} failed")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024)


def walls(costs: list[Cost]) -> tuple[float, ...]:
    """Return the wall seconds."""
    return tuple(c.wall for c in costs)


def small(bench: Bench) -> Iterator[Line]:
    """What a user waits for at once."""
    helps = [cost([*REPORTER, "--help"]) for _ in range(4 * bench.runs + 1)]
    yield Line("reporter --help", "ms", 60, tuple(1000 * c.wall for c in helps))
    yield Line("reporter lint", "s", 10, (cost([*REPORTER, "lint"]).wall,))


def sample(bench: Bench) -> Iterator[Line]:
    """The sample company, workspace to the auditor's PDF."""
    firsts = bench.repeated(lambda: bench.assess(SAMPLE, "html,pdf,json,csv"))
    yield Line("sample company to the auditor's PDF, no cache", "s", 8, walls(firsts))
    again = bench.repeated(lambda: bench.assess(SAMPLE, "html,pdf,json,csv", anew=False))
    yield Line("the same again, nothing changed", "s", 2.5, walls(again))


def changed(bench: Bench) -> Iterator[Line]:
    """A part of the input is new."""
    workspace = bench.work / "changed"
    shutil.copytree(SAMPLE, workspace)
    shares = []
    for _ in range(bench.runs):
        first = bench.assess(workspace, "html,pdf,json,csv")
        with (workspace / "inventory" / "people.csv").open("a") as file:
            file.write("\n")
        shares.append(
            100 * bench.assess(workspace, "html,pdf,json,csv", anew=False).wall / first.wall
        )
    yield Line("one input of the sample company changed, of a first run", "%", 25, tuple(shares))


def events(bench: Bench, n: int = 1_000_000, ratio: float = 3.5) -> Iterator[Line]:
    """Events against the bare conversion of the same file."""
    workspace = bench.data("--events", str(n))
    log = workspace / "logs" / "events.jsonl"
    bare = [sys.executable, str(HERE / "bare.py"), str(log), str(bench.work / "bare.parquet")]
    pairs = [(cost(bare), bench.assess(workspace, "html,json,csv")) for _ in range(bench.runs)]
    yield Line(
        f"{n:,} events, bare conversion (for comparison)", "s", 0, walls([b for b, _ in pairs])
    )
    yield Line(f"{n:,} events, 2,000 agents, HTML, JSON, CSV", "s", 0, walls([o for _, o in pairs]))
    yield Line(
        "  of the bare conversion, wall", "x", ratio, tuple(o.wall / b.wall for b, o in pairs)
    )
    yield Line("  of the bare conversion, CPU", "x", ratio, tuple(o.cpu / b.cpu for b, o in pairs))
    yield Line("  peak memory", "MB", 1250, tuple(float(o.peak) for _, o in pairs))
    pages = sum(p.stat().st_size for p in (bench.work / "run").rglob("*.html"))
    yield Line("  HTML in all", "MB", 8, (pages / MB,))
    again = bench.assess(workspace, "html,json,csv", "--fresh", anew=False)
    yield Line("  again with converted files", "s", 0, (again.wall,))


def agents(bench: Bench, n: int = 20_000) -> Iterator[Line]:
    """Many agents, of whom no log tells anything."""
    workspace = bench.data("--events", "0", "--agents", str(n))
    shutil.rmtree(workspace / "logs", ignore_errors=True)
    costs = bench.repeated(lambda: bench.assess(workspace, "json,csv"))
    size = sum(p.stat().st_size for p in (bench.work / "run").rglob("*") if p.is_file())
    yield Line(f"{n:,} agents, inventory only, JSON and CSV", "s", 15, walls(costs))
    yield Line("  peak memory", "MB", 1000, tuple(float(c.peak) for c in costs))
    yield Line("  output", "MB", 100, (size / MB,))


def opening(bench: Bench, n: int = 2000) -> Iterator[Line]:
    """What the main thread of a phone-class machine takes to open a page, and idle."""
    if lacking := pages.missing():
        print(f"opening: not measured, {lacking} is not installed; run `make browser`", flush=True)
        return
    bench.assess(SAMPLE, "html")
    sample = (bench.work / "run").rename(bench.work / "sample-run")
    bench.assess(bench.data("--events", "50000", "--agents", str(n)), "html")
    folder = bench.work / "run" / "findings"
    beside = [p for p in folder.iterdir() if p.name != "index.html"]
    largest = max(beside, key=lambda p: p.stat().st_size)
    opened = {
        "sample company, report.html": sample / "report.html",
        f"{n:,} agents, report.html": bench.work / "run" / "report.html",
        f"{n:,} agents, findings/index.html": folder / "index.html",
        f"{n:,} agents, findings/{largest.name}": largest,
    }
    seconds = pages.openings(list(opened.values()), max(3, bench.runs))
    for what, values in zip(opened, seconds, strict=True):
        yield Line(f"opening on a phone: {what}", "s", 1, values)


def findings(bench: Bench) -> Iterator[Line]:
    """20,000 findings in the auditor's PDF."""
    told = subprocess.run(
        [sys.executable, str(HERE / "pdf.py")], check=True, capture_output=True, text=True
    )
    *_, last = told.stdout.splitlines()
    seconds, peak = re.findall(r"([0-9.]+) s of CPU, peak (\d+) MB", last)[0]
    yield Line("20,000 findings to the complete PDF, CPU", "s", 12, (float(seconds),))
    yield Line("  peak memory", "MB", 500, (float(peak),))


def large(bench: Bench) -> Iterator[Line]:
    """What takes an hour."""
    yield from events(bench, 10_000_000, 3)


PARTS = {
    "small": small,
    "sample": sample,
    "changed": changed,
    "events": events,
    "agents": agents,
    "opening": opening,
    "findings": findings,
}


def main() -> None:
    """Measure, and print a line as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", nargs="*", choices=[*PARTS, "large"], default=[])
    parser.add_argument("--large", action="store_true")
    given = parser.parse_args()
    wanted = given.only or [*PARTS, *(["large"] if given.large else [])]
    with tempfile.TemporaryDirectory(prefix="reporter-bench-") as folder:
        bench = Bench(Path(folder), given.runs)
        for name in wanted:
            for line in {**PARTS, "large": large}[name](bench):
                print(line, flush=True)


if __name__ == "__main__":
    main()
