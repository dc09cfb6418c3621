"""Measure what the README claims. usage: python benchmarks/run.py [--events 1000000] [--runs 5]

Each product run is paired with the bare DuckDB conversion of the same file, in turn, so that a noisy machine slows
both; the ratio is taken pair by pair and its median printed. Wall seconds and peak memory of whole processes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
REPORTER = [sys.executable, "-m", "reporter.cli"]


def main() -> None:
    """Run all measurements and print one line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="reporter-bench-") as folder:
        work = Path(folder)
        _help(given.runs)
        _demo(work, given.runs)
        _end_to_end(work, given.events, given.runs)


def _help(runs: int) -> None:
    times = [_measure([*REPORTER, "--help"])[0] for _ in range(2 * runs + 1)]
    print(f"reporter --help            median {statistics.median(times) * 1000:.0f} ms (limit 100)")


def _demo(work: Path, runs: int) -> None:
    """The sample company, from workspace to PDF, without a cache."""
    times = []
    for _ in range(min(runs, 3)):
        wall, peak = _measure(
            _assess(HERE.parent / "sample_data/acme/2026-q3", work, "html,pdf,json,csv")
        )
        times.append(wall)
    print(
        f"demo, workspace to PDF     median {statistics.median(times):.1f} s, peak {peak} MB (limit 10 s)"
    )


def _end_to_end(work: Path, events: int, runs: int) -> None:
    """Ingest, all checks, score and HTML against DuckDB alone converting the same file."""
    data = work / "data"
    make = [sys.executable, str(HERE / "generate.py"), str(data), "--events", str(events)]
    subprocess.run(make, check=True)
    log = data / "logs" / "events.jsonl"
    ratios, ours, bares, peaks = [], [], [], []
    for _ in range(runs):
        bare, _ = _measure(
            [sys.executable, str(HERE / "bare.py"), str(log), str(work / "bare.parquet")]
        )
        wall, peak = _measure(_assess(data, work, "html"))
        ratios.append(wall / bare)
        ours.append(wall)
        bares.append(bare)
        peaks.append(peak)
    again, _ = _measure(_assess(data, work, "html", keep_cache=True))
    print(f"{events:,} events, {log.stat().st_size / 1e6:.0f} MB, 2,000 agents, end to end to HTML")
    print(f"  bare conversion          median {statistics.median(bares):.2f} s")
    print(
        f"  reporter assess          median {statistics.median(ours):.2f} s, peak {max(peaks)} MB (limit 1250)"
    )
    print(
        f"  ratio                    median {statistics.median(ratios):.2f} "
        f"({min(ratios):.2f} to {max(ratios):.2f}; limit 4)"
    )
    print(f"  second run, from cache   {again:.2f} s")


def _assess(workspace: Path, work: Path, formats: str, keep_cache: bool = False) -> list[str]:
    shutil.rmtree(work / "run", ignore_errors=True)
    if not keep_cache:
        shutil.rmtree(work / ".reporter-cache", ignore_errors=True)
    return [
        *REPORTER,
        "assess",
        str(workspace),
        "--out",
        str(work / "run"),
        "--formats",
        formats,
        "--quiet",
    ]


def _measure(command: list[str]) -> tuple[float, int]:
    """Return wall seconds and peak resident MB of one process."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    if status:
        raise SystemExit(f"{' '.join(command)} failed")
    return wall, usage.ru_maxrss // 1024


if __name__ == "__main__":
    main()
