"""Measure the limits of README.md here. usage: python benchmarks/run.py [--runs 3] [--only NAME ...] [--large] [--record]

Each line is one limit: what is measured, the limit, the median, whether it is met, and what measured.csv has of it. Where
the limit is a ratio to the bare engine, each run is paired with one of the engine on the same files, in turn, so that a
noisy machine slows both. Wall and CPU seconds are of whole processes with their children, memory is their peak. The exit
code is 1 where a limit is missed by more than a tenth, or --slack; --least judges the best of the runs. --paced allows more
seconds where the machine is slower than that of the limits (pace.py), as CI's may be. --record writes measured.csv and the
table of README.md. --large adds what takes hours, but for `million`, which is only run by its name:
it may take the memory of the machine.
"""

from __future__ import annotations

import argparse
import compileall
import csv
import math
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import batch
import opening as pages
import pace
import peers

HERE = Path(__file__).parent
SAMPLE = HERE.parent / "sample_data/acme/2026-q3"
REPORTER = [sys.executable, "-m", "reporter.cli"]
INSTALLED = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
"""The environment in which modules stay compiled, as those of an installed program are."""
MB = 1_000_000
MEASURED, README = HERE / "measured.csv", HERE / "README.md"
MARKS = "<!-- measured -->\n", "<!-- /measured -->\n"
HEADINGS = ("what", "unit", "limit", "median", "least", "most", "on")
Row = dict[str, str]


@dataclass(frozen=True)
class Cost:
    """What a process took."""

    wall: float
    cpu: float
    peak: int
    """MB of the largest process."""
    whole: int = 0
    """MB of all processes together, what they share counted once; 0 where it was not watched."""


class Failed(Exception):
    """A command ended with an error."""


@dataclass(frozen=True)
class Line:
    """One limit, and what came out."""

    what: str
    unit: str
    limit: float
    """0 for none: the value is printed for comparison."""
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def told(self, before: Row | None) -> str:
        """Return the line to print, beside what was measured before."""
        spread = f"{min(self.values):.4g} to {max(self.values):.4g}" if len(self.values) > 1 else ""
        met = "met" if self.median <= self.limit else "NOT MET"
        limit = f"limit {self.limit:<6g} {met:8}" if self.limit else " " * 21
        was = ""
        if before and (old := float(before["median"])):
            was = f"was {old:.4g} ({self.median / old:.2f})"
        return f"{self.what:66} {self.median:8.4g} {self.unit:4} {limit} {was:20} {spread}".rstrip()

    def is_missed(
        self, slack: float, judge: Callable[[tuple[float, ...]], float], slower: float
    ) -> bool:
        """Tell whether the limit, times the slack, is missed on a machine that is so much slower."""
        allowed = slack * self.limit * (slower if self.unit in ("s", "ms") else 1)
        return bool(self.limit) and judge(self.values) > allowed

    def row(self, on: str) -> Row:
        """Return the row for measured.csv."""
        numbers = (self.limit, self.median, min(self.values), max(self.values))
        return dict(
            zip(HEADINGS, (self.what, self.unit, *(f"{n:.4g}" for n in numbers), on), strict=True)
        )


def measured() -> dict[str, Row]:
    """Return the rows of measured.csv, by what was measured."""
    if not MEASURED.exists():
        return {}
    with MEASURED.open(encoding="utf-8", newline="") as file:
        return {row["what"]: row for row in csv.DictReader(file)}


def record(lines: list[Line]) -> None:
    """Put lines into measured.csv, and all of it into the table of README.md."""
    on = datetime.now(UTC).date().isoformat()
    rows = {**measured(), **{line.what: line.row(on) for line in lines}}
    with MEASURED.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, HEADINGS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows.values())
    head, rest = README.read_text(encoding="utf-8").split(MARKS[0])
    _, tail = rest.split(MARKS[1])
    README.write_text(f"{head}{MARKS[0]}{table(rows)}{MARKS[1]}{tail}", encoding="utf-8")


def table(rows: dict[str, Row]) -> str:
    """Return the rows as Markdown."""
    lines = ["| what | limit | measured | | on |", "|---|---|---|---|---|"]
    for row in rows.values():
        limit, median = float(row["limit"]), float(row["median"])
        met = ("met" if median <= limit else "**not met**") if limit else ""
        spread = f", {row['least']} to {row['most']}" if row["least"] != row["most"] else ""
        told = f"{row['limit']} {row['unit']}".strip() if limit else ""
        lines.append(
            f"| {row['what']} | {told} | {row['median']} {row['unit']}{spread} | {met} | {row['on']} |"
        )
    return "\n".join(lines) + "\n"


class Bench:
    """A folder to work in, and how often each thing is measured."""

    def __init__(self, work: Path, runs: int) -> None:
        self.work, self.runs = work, runs
        self._data: dict[tuple[str, ...], Path] = {}

    def data(self, *options: str, by: str = "generate.py") -> Path:
        """Make a synthetic workspace once."""
        key = (by, *options)
        if key not in self._data:
            self._data[key] = self.work / f"data-{len(self._data)}"
            command = [sys.executable, str(HERE / by), str(self._data[key]), *options]
            subprocess.run(command, check=True)
        return self._data[key]

    def assess(
        self, workspace: Path, formats: str, *more: str, anew: bool = True, watched: bool = False
    ) -> Cost:
        """Assess a workspace, without a cache if anew."""
        shutil.rmtree(self.work / "run", ignore_errors=True)
        if anew:
            shutil.rmtree(self.work / ".reporter-cache", ignore_errors=True)
        settle(workspace)
        out = ("--out", str(self.work / "run"), "--formats", formats, "--quiet", *more)
        return cost([*REPORTER, "assess", str(workspace), *out], watched)

    def repeated(self, measure: Callable[[], Cost]) -> list[Cost]:
        """Measure several times."""
        return [measure() for _ in range(self.runs)]


def settle(workspace: Path) -> None:
    """Wait until no file was written so recently that a second write might not show."""
    newest = max(p.stat().st_ctime for p in workspace.rglob("*") if p.is_file())
    time.sleep(max(0.0, newest + 2.5 - time.time()))


def cost(command: list[str], watched: bool = False) -> Cost:
    """Run a process and return what it took, with the memory of all its processes if watched.

    Raises Failed where it ends with an error.
    """
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=INSTALLED)
    ended, peaks = threading.Event(), [0]
    watch = threading.Thread(target=_watch, args=(process.pid, ended, peaks))
    if watched:
        watch.start()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    ended.set()
    if status:
        raise Failed(f"{' '.join(command)} failed")
    cpu = usage.ru_utime + usage.ru_stime
    return Cost(wall, cpu, usage.ru_maxrss * 1024 // MB, peaks[0] * 1024 // MB)


def _watch(process: int, ended: threading.Event, peaks: list[int]) -> None:
    """Keep the most memory that a process and its descendants take together, in KiB."""
    while not ended.wait(0.03):
        peaks[0] = max(peaks[0], sum(map(_memory, _family(process))))


def _family(process: int) -> list[int]:
    family = [process]
    with suppress(OSError):
        for path in Path(f"/proc/{process}/task").glob("*/children"):
            for child in path.read_text(encoding="ascii").split():
                family += _family(int(child))
    return family


def _memory(process: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


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


def one_check(bench: Bench) -> Iterator[Line]:
    """A threshold of one check is another than in the run of before."""
    workspace = bench.work / "one-check"
    shutil.copytree(SAMPLE, workspace)
    settings = workspace / "reporter.yml"
    before, shares = settings.read_text(), []
    for number in range(bench.runs):
        settings.write_text(before)
        first = bench.assess(workspace, "html,pdf,json,csv")
        settings.write_text(f"{before}\nparams: {{APR-05: {{skew_minutes: {6 + number}}}}}\n")
        again = bench.assess(workspace, "html,pdf,json,csv", anew=False)
        shares.append(100 * again.wall / first.wall)
    yield Line("one check of the sample company changed, of a first run", "%", 15, tuple(shares))


def months(bench: Bench, n: int = 1_000_000) -> Iterator[Line]:
    """A month is added to two that were converted before, then a threshold is another; a first run is one of the same
    three months.
    """
    made = bench.data("--events", str(n))
    workspace = bench.work / "months"
    shutil.copytree(made, workspace, ignore=shutil.ignore_patterns("events.jsonl"))
    parts = [bench.work / f"2026-0{month}.jsonl" for month in (7, 8, 9)]
    with (made / "logs" / "events.jsonl").open() as log:
        files = {p.stem: p.open("w") for p in parts}
        for line in log:
            files[line[line.index('"time":"') + 8 :][:7]].write(line)
        for file in files.values():
            file.close()
    settings = workspace / "reporter.yml"
    before, shares, one_checks = settings.read_text(), [], []
    for _ in range(bench.runs):
        for part in parts[:2]:
            shutil.copy(part, workspace / "logs")
        bench.assess(workspace, "html,json,csv")
        shutil.copy(parts[2], workspace / "logs")
        again = bench.assess(workspace, "html,json,csv", anew=False)
        first = bench.assess(workspace, "html,json,csv")
        shares.append(100 * again.wall / first.wall)
        settings.write_text(f"{before}\nparams: {{APR-05: {{skew_minutes: 6}}}}\n")
        one_check = bench.assess(workspace, "html,json,csv", anew=False)
        one_checks.append(100 * one_check.wall / first.wall)
        settings.write_text(before)
        (workspace / "logs" / parts[2].name).unlink()
    yield Line(f"a month added to two, {n:,} events, of a first run", "%", 40, tuple(shares))
    yield Line(f"one check changed, {n:,} events, of a first run", "%", 15, tuple(one_checks))


def events(bench: Bench, n: int = 1_000_000, ratio: float = 3.5) -> Iterator[Line]:
    """Events against the bare conversion of the same file."""
    workspace = bench.data("--events", str(n))
    log = workspace / "logs" / "events.jsonl"
    what = f"{n:,} events, 2,000 agents"
    yield from against_bare(bench, workspace, log, what, ratio)
    pages = sum(p.stat().st_size for p in (bench.work / "run").rglob("*.html"))
    yield Line(f"{what}: HTML in all", "MB", 8, (pages / MB,))
    again = bench.assess(workspace, "html,json,csv", "--fresh", anew=False)
    yield Line(f"{what}: again with converted files", "s", 0, (again.wall,))


def cloudtrail(bench: Bench, n: int = 1_000_000) -> Iterator[Line]:
    """CloudTrail files as delivered against the engine's own reading of them."""
    workspace = bench.data("--records", str(n), by="cloudtrail.py")
    what = f"{n:,} CloudTrail records in {len([*workspace.rglob('*.gz')]):,} files"
    yield from against_bare(bench, workspace, workspace / "logs", what, 3)


def against_bare(
    bench: Bench, workspace: Path, logs: Path, what: str, ratio: float
) -> Iterator[Line]:
    """Pair runs with those of the yardstick."""
    bare = [sys.executable, str(HERE / "bare.py"), str(logs), str(bench.work / "bare.parquet")]
    pairs = [(cost(bare), bench.assess(workspace, "html,json,csv")) for _ in range(bench.runs)]
    yield Line(f"{what}: bare reading", "s", 0, walls([b for b, _ in pairs]))
    yield Line(f"{what}: HTML, JSON, CSV", "s", 0, walls([o for _, o in pairs]))
    yield Line(
        f"{what}: of the bare reading, wall", "x", ratio, tuple(o.wall / b.wall for b, o in pairs)
    )
    yield Line(
        f"{what}: of the bare reading, CPU", "x", ratio, tuple(o.cpu / b.cpu for b, o in pairs)
    )
    yield Line(f"{what}: peak memory", "MB", 1250, tuple(float(o.peak) for _, o in pairs))


def memory(bench: Bench) -> Iterator[Line]:
    """What all processes of a run take, against what it is given and 250 MB."""
    few, many = bench.data("--events", "1000000"), _listed(bench, 20_000)
    for what, workspace, formats in (
        ("sample company", SAMPLE, "html,pdf,json,csv"),
        ("1,000,000 events", few, "html,json,csv"),
        ("20,000 agents", many, "json,csv"),
    ):
        for given in (256, 1000):
            yield held(bench, what, workspace, formats, given)


def held(bench: Bench, what: str, workspace: Path, formats: str, given: int) -> Line:
    """Assess with an amount of memory; infinite where the run fails."""
    try:
        run = bench.assess(workspace, formats, "--memory", f"{given}MB", watched=True)
        peak = float(max(run.peak, run.whole))
    except Failed:
        peak = math.inf
    return Line(f"{what}, --memory {given}MB: all processes", "MB", given + 250, (peak,))


def _listed(bench: Bench, n: int) -> Path:
    """Make a workspace of agents of whom no log tells anything."""
    workspace = bench.data("--events", "0", "--agents", str(n))
    shutil.rmtree(workspace / "logs", ignore_errors=True)
    return workspace


def agents(bench: Bench, n: int = 20_000) -> Iterator[Line]:
    """Many agents, of whom no log tells anything."""
    workspace = _listed(bench, n)
    costs = bench.repeated(lambda: bench.assess(workspace, "json,csv"))
    size = sum(p.stat().st_size for p in (bench.work / "run").rglob("*") if p.is_file())
    what = f"{n:,} agents, inventory only, JSON and CSV"
    yield Line(what, "s", 15, walls(costs))
    yield Line(f"{what}: peak memory", "MB", 1000, tuple(float(c.peak) for c in costs))
    yield Line(f"{what}: output", "MB", 100, (size / MB,))


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
    yield from _finding(bench.work / "run" / "report.html", max(3, bench.runs), f"{n:,} agents")


def _finding(report: Path, runs: int, what: str) -> Iterator[Line]:
    """The first search of a report, for an agent in the middle of its register."""
    name = "agent-01000"
    for where, width, speed in (("a laptop", 1280, 1), ("a phone", 390, 4)):
        seen = pages.searches(report, name, width, speed, runs)
        line = f"finding an agent on {where}, {what}"
        yield Line(line, "s", 0.3, tuple(agent for agent, _ in seen))
        yield Line(f"{line}: and its results", "s", 0, tuple(rest for _, rest in seen))


def findings(bench: Bench) -> Iterator[Line]:
    """20,000 findings in the auditor's PDF."""
    told = subprocess.run(
        [sys.executable, str(HERE / "pdf.py")], check=True, capture_output=True, text=True
    )
    *_, last = told.stdout.splitlines()
    seconds, peak = re.findall(r"([0-9.]+) s of CPU, peak (\d+) MB", last)[0]
    yield Line("20,000 findings to the complete PDF, CPU", "s", 12, (float(seconds),))
    yield Line("20,000 findings to the complete PDF: peak memory", "MB", 500, (float(peak),))


def ten_million(bench: Bench) -> Iterator[Line]:
    """Ten million events, with the usual memory and with little."""
    yield from events(bench, 10_000_000, 3)
    workspace = bench.data("--events", "10000000")
    yield held(bench, "10,000,000 events", workspace, "html,json,csv", 256)


def delivered(bench: Bench) -> Iterator[Line]:
    """Ten million CloudTrail records."""
    yield from cloudtrail(bench, 10_000_000)


def growth(bench: Bench) -> Iterator[Line]:
    """How CPU grows with agents, of whom each has two events."""
    sizes, took = (1_000, 10_000, 100_000), []
    for n in sizes:
        workspace = bench.data("--events", str(2 * n), "--agents", str(n))
        took.append(bench.assess(workspace, "html,json,csv"))
        yield Line(f"{n:,} agents, {2 * n:,} events, CPU", "s", 0, (took[-1].cpu,))
        yield Line(f"{n:,} agents, {2 * n:,} events: peak memory", "MB", 0, (float(took[-1].peak),))
    logs = [math.log(n) for n in sizes], [math.log(c.cpu) for c in took]
    yield Line(
        "growth exponent of CPU in agents", "", 1.05, (statistics.linear_regression(*logs).slope,)
    )


def million(bench: Bench) -> Iterator[Line]:
    """A million agents."""
    workspace = bench.data("--events", "2000000", "--agents", "1000000")
    run = bench.assess(workspace, "html,json,csv")
    yield Line("1,000,000 agents, 2,000,000 events", "s", 720, (run.wall,))
    yield Line("1,000,000 agents, 2,000,000 events: peak memory", "MB", 3000, (float(run.peak),))


def scripts(bench: Bench, n: int = 1_000_000) -> Iterator[Line]:
    """Eight checks as a script for each of several engines, in turn, and all of Reporter on the same events."""
    workspace = bench.data("--events", str(n))
    names = [name for name in peers.ENGINES if peers.installed(name)]
    if lacking := peers.ENGINES.keys() - names:
        print(f"peers: not measured, not installed: {', '.join(sorted(lacking))}", flush=True)
    took: dict[str, list[Cost]] = {name: [] for name in [*names, "reporter"]}
    command = [sys.executable, str(HERE / "peers.py"), str(workspace)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # do they find the same?
    for _ in range(bench.runs):
        for name in names:
            took[name].append(cost([*command, name]))
        took["reporter"].append(bench.assess(workspace, "json"))
    for name, costs in took.items():
        what = (
            "all checks and a report by Reporter" if name == "reporter" else f"8 checks by {name}"
        )
        yield Line(f"{what}, {n:,} events", "s", 0, walls(costs))
        shares = tuple(c.wall / d.wall for c, d in zip(costs, took["duckdb"], strict=True))
        yield Line(f"{what}, {n:,} events: of duckdb", "x", 0, shares)


def batches(bench: Bench, units: int = 50) -> Iterator[Line]:
    """Many units as a batch, beside each of them alone."""
    jobs = sorted({1, len(os.sched_getaffinity(0))})
    place = bench.work / "batch"
    place.mkdir()
    found = batch.measure(place, units, max(3, bench.runs), "html,pdf,json,csv", jobs)
    for n in jobs:
        what = f"{units} units of the sample's size, {n} at a time: of single runs"
        yield Line(f"{what}, wall", "x", batch.MOST, tuple(found.walls[n]))
        yield Line(f"{what}, CPU", "x", batch.MOST, tuple(found.cpus[n]))
    yield Line(
        f"{units} units: memory of the batch, last to first third", "x", batch.FLAT, (found.growth,)
    )
    yield Line(f"{units} units, nothing changed", "s", 0, (found.unchanged,))


PARTS = {
    "small": small,
    "sample": sample,
    "changed": changed,
    "one-check": one_check,
    "events": events,
    "months": months,
    "cloudtrail": cloudtrail,
    "agents": agents,
    "opening": opening,
    "findings": findings,
    "memory": memory,
    "peers": scripts,
}
LARGE = {"batch": batches, "ten-million": ten_million, "delivered": delivered, "growth": growth}


def main() -> None:
    """Measure, and print a line as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", nargs="*", choices=[*PARTS, *LARGE, "million"], default=[])
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--slack", type=float, default=1.1)
    parser.add_argument("--least", action="store_true")
    parser.add_argument("--paced", action="store_true")
    parser.add_argument("--record", action="store_true")
    given = parser.parse_args()
    parts = {**PARTS, **LARGE, "million": million}
    wanted = given.only or [*PARTS, *(LARGE if given.large else ())]
    before, lines, slower = measured(), [], 1.0
    if given.paced:
        slower = max(1.0, pace.measure(5) / pace.REFERENCE)
        print(f"seconds allowed: limit times {slower:.2f}, for the pace of this machine")
    compileall.compile_dir(HERE.parent / "reporter", quiet=1)
    with tempfile.TemporaryDirectory(prefix="reporter-bench-") as folder:
        bench = Bench(Path(folder), given.runs)
        for name in wanted:
            for line in parts[name](bench):
                print(line.told(before.get(line.what)), flush=True)
                lines.append(line)
    if given.record:
        record(lines)
    judge = min if given.least else statistics.median
    if missed := [line.what for line in lines if line.is_missed(given.slack, judge, slower)]:
        raise SystemExit(f"missed by more than {given.slack:g} times: {'; '.join(missed)}")


if __name__ == "__main__":
    main()
