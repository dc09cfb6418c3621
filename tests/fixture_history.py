"""Runs left by hand: an invented assessment and any results in, a run folder that its manifest vouches for out."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import fixture_assessment as given
from fixture_reasons import told

from reporter.engine.duckdb import DuckDB
from reporter.model.assessment import Assessment
from reporter.model.history import History
from reporter.model.scores import Status
from reporter.report import export
from reporter.report.compare import compare
from reporter.report.trend.earlier_runs import VerifiedRun, read_earlier
from reporter.runs.store import RESULTS, Changes, write_data

Result = tuple[str, str, str]
"""Check, subject, result."""
NOW = datetime(2026, 10, 1, tzinfo=UTC)
HASHES = {
    "content": "c" * 64,
    "policy": "d" * 64,
    "thresholds": "e" * 64,
    "reporter": "1",
    "inputs": "f" * 64,
}


@cache
def _single() -> Assessment:
    return given.single()


def assessed(days_ago: int = 0, a: Assessment | None = None, **hashes: str) -> Assessment:
    """Return an assessment as of some days before NOW, with an evidence id that follows from its hashes."""
    rests_on = HASHES | hashes
    identity = hashlib.sha256(json.dumps(rests_on, sort_keys=True).encode()).hexdigest()
    a = a or _single()
    at = NOW - timedelta(days=days_ago)
    run = replace(a.run, as_of=at, period_to=at, period_from=at - timedelta(days=90))
    return replace(a, run=run, hashes={"evidence_id": identity, **rests_on})


def write_results(path: Path, results: Sequence[Result], work: Path) -> None:
    """Write results.parquet; each subject is its own actor and its owner is ann."""
    with DuckDB(work) as engine:
        engine.run(
            'CREATE TABLE results ("check" VARCHAR, subject VARCHAR, status VARCHAR, reason_code VARCHAR, reason_values VARCHAR, record VARCHAR, actor VARCHAR, owner VARCHAR, '
            "tier_lo INTEGER, tier_hi INTEGER)"
        )
        engine.insert("results", [(c, s, v, *told(f"{c} is {v}"), f"a.csv#{n}", s, "ann", 2, 3) for n, (c, s, v) in enumerate(results)])  # fmt: skip
        engine.write_parquet('SELECT * FROM results ORDER BY "check", subject', path)


def counted(a: Assessment, results: Sequence[Result]) -> Assessment:
    """Return an assessment whose checks count these results, as a run's do."""
    score = next(iter(a.scores.checks.values()))
    counts: dict[str, Counter[Status]] = defaultdict(Counter)
    for check, _, result in results:
        if result in [*Status]:
            counts[check][Status(result)] += 1
    checks = {c: replace(score, check=c, counts=dict(n)) for c, n in counts.items()}
    return replace(a, scores=replace(a.scores, checks=checks))


def leave(folder: Path, a: Assessment, results: Sequence[Result]) -> Path:
    """Leave a run: report.json, results.parquet and a manifest of both."""
    folder.mkdir(parents=True)
    a = counted(a, results)
    write_data(a, folder)
    write_results(folder / RESULTS, results, folder / "work")
    for path in sorted((folder / "work").rglob("*"), reverse=True):
        path.rmdir()
    (folder / "work").rmdir()
    export.write_manifest(folder, a, {})
    return folder


def beside(folder: Path, runs: Sequence[Path], results: Sequence[Result], a: Assessment | None = None) -> Assessment:  # fmt: skip
    """Return the assessment of NOW with the runs before it, its own results being these."""
    a = a or assessed()
    return beside_found(folder, read_earlier(runs, a.run, a.pseudonyms), results, a)


def beside_found(folder: Path, found: Sequence[VerifiedRun], results: Sequence[Result], a: Assessment) -> Assessment:  # fmt: skip
    """Return the same for runs that were read."""
    folder.mkdir(parents=True, exist_ok=True)
    write_results(folder / RESULTS, results, folder / "one")
    with DuckDB(folder / "two") as engine:
        made = compare(engine, found, a, folder)
    write_data(made, folder)
    _FOLDERS[id(made.history)] = made.history, folder
    return made


_FOLDERS: dict[int, tuple[History, Path]] = {}


def changes_of(a: Assessment) -> Changes:
    """Return what `beside` found for an assessment; for one whose history was changed since, nothing that can be read."""
    _, folder = _FOLDERS.get(id(a.history), (None, Path()))
    return Changes(folder, ())
