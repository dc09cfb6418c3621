"""How long does the auditor's PDF take with many findings, and how much memory?

usage: python benchmarks/pdf.py [FINDINGS]      (20000)

Assesses the sample company, repeats its findings under other names up to that number, and writes the PDF in a process of
its own. Prints pages, size, seconds of CPU and peak memory of that process, for the number given and for none.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

SAMPLE = Path(__file__).parent.parent / "sample_data" / "acme" / "2026-q3"
LIMITS = "limits: 12 s, 500 MB"


def main() -> None:
    """Measure the PDF without and with findings."""
    wanted = int((*sys.argv[1:2], "20000")[0])
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        command = [sys.executable, "-m", "reporter.cli", "assess", str(SAMPLE), "--formats", "json", "--out", str(run)]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True)
        for n in (0, wanted):
            _alone(_write, run, Path(folder) / "report.pdf", n)


def _alone(work: Callable[..., None], *args: object) -> None:
    """Do the work in a fresh process, so that its memory is its own."""
    child = get_context("spawn").Process(target=work, args=args)
    child.start()
    child.join()
    assert child.exitcode == 0


def _write(run: Path, target: Path, n: int) -> None:
    import pikepdf

    from reporter.engine.base import quoted
    from reporter.engine.duckdb import DuckDB
    from reporter.report.export import read_view
    from reporter.report.pdf import paper
    from reporter.runs.store import DATA, OPEN, RESULTS, Results

    made = read_view(run)
    many = target.parent / f"many-{n}"
    with DuckDB(many / "work") as engine:
        engine.write_parquet(
            f"SELECT * REPLACE (subject || '-' || k AS subject) FROM read_parquet({quoted(str(run / RESULTS))}), "
            f"range({-(-n // len(made.findings))}) AS r(k) WHERE {OPEN} LIMIT {n}",
            many / RESULTS,
        )
    made = replace(
        made,
        findings=replace(
            made.findings, results=Results(many, made.findings.results.checks), total=n
        ),
    )
    before = resource.getrusage(resource.RUSAGE_SELF)
    paper.write(made, target, data=[run / DATA, run / RESULTS])
    after = resource.getrusage(resource.RUSAGE_SELF)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    with pikepdf.open(target) as written:
        pages = len(written.pages)
    print(
        f"{n} findings: {pages} pages, {target.stat().st_size // 1000} kB, {spent:.1f} s of CPU, "
        f"peak {after.ru_maxrss // 1024} MB ({LIMITS})"
    )


if __name__ == "__main__":
    main()
