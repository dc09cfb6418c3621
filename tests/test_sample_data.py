"""The sample data: the same bytes each time, both sides of every check, and the verdicts that its
README promises.
"""

from __future__ import annotations

import csv
import gzip
import json
import shutil
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reporter import catalog, runner, yamls
from reporter.db import Engine
from reporter.ingest import cache as store
from reporter.ingest import load, tables
from reporter.ingest.inputs import Inputs
from reporter.run import judge_all
from reporter.workspace import read_workspace

HERE = Path(__file__).parents[1] / "sample_data"
QUARTERS = ("2026-q2", "2026-q3")
GOOD = {
    f"agt-{name}"
    for name in (
        "dispatch-planner", "invoice-matcher", "claims-triage", "eta-notifier", "code-fixer",
        "route-risk", "dock-scheduler", "shift-balancer",
    )
}  # fmt: skip
Cells = dict[tuple[str, str, str], tuple[str, str, str]]
"""(quarter, check, subject) -> (verdict, reason, actor)"""


@dataclass(frozen=True)
class Taken:
    """What the engine made of both quarters."""

    cells: Cells
    intake: dict[str, load.Intake]


@dataclass(frozen=True)
class Promise:
    """A line of the README's table."""

    quarter: str
    check: str
    subject: str
    verdict: str
    where: str


def promises() -> list[Promise]:
    """Read the table of verdicts in the README."""
    lines = (HERE / "README.md").read_text(encoding="utf-8").splitlines()
    rows = [[c.strip() for c in line.strip("|").split("|")] for line in lines if line[:1] == "|"]
    return [Promise(*r[1:]) for r in rows if len(r) == 6 and r[0].isdigit()]


@pytest.fixture(scope="module")
def taken(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Taken:
    content = catalog.load()
    cells: Cells = {}
    intake = {}
    for quarter in QUARTERS:
        workspace = read_workspace(HERE / "acme" / quarter)
        folder = tmp_path_factory.mktemp(quarter)
        with Engine(folder / "work") as engine:
            cache = store.open_cache(shutil.copytree(sample / "cache", folder / "cache"))
            intake[quarter] = load.ingest(
                engine, Inputs.of(workspace.folder), content.sources, cache
            )
            logs = sorted(workspace.log_sources.items())
            tables.derive(engine, workspace.run, [tables.Expected(n, *e) for n, e in logs])
            runner.prepare(engine)
            runner.assess(engine, judge_all(content.checks, workspace.params))
            for check, subject, *rest in engine.rows(
                "SELECT check_id, subject, status, reason, actor FROM cells"
            ):
                cells[quarter, check, subject] = tuple(rest)
    return Taken(cells, intake)


def test_generating_again_gives_the_same_files(tmp_path: Path) -> None:
    script = [sys.executable, str(HERE / "generate.py"), "--out", str(tmp_path)]
    subprocess.run(script, check=True)
    assert contents(tmp_path) == contents(HERE / "acme")


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file's bytes; packed ones unpacked, since zlib builds pack differently."""
    files = [p for p in sorted(folder.rglob("*")) if p.is_file()]
    return {p.relative_to(folder).as_posix(): unpacked(p) for p in files}


def unpacked(path: Path) -> bytes:
    """Return a file's content, packed or not."""
    raw = path.read_bytes()
    return gzip.decompress(raw) if path.suffix == ".gz" else raw


def test_sample_data_stays_small() -> None:
    assert sum(p.stat().st_size for p in (HERE / "acme").rglob("*") if p.is_file()) < 6_000_000


def test_every_check_shows_a_pass_and_a_failure(taken: Taken) -> None:
    seen = defaultdict(set)
    for (_, check, _), (verdict, _, _) in taken.cells.items():
        seen[check].add(verdict)
    assert set(seen) == {c.id for c in catalog.load().checks}
    assert {c: v for c, v in seen.items() if not {"pass", "fail"} <= v} == {}
    assert set().union(*seen.values()) >= {"pass", "fail", "unknown"}


@pytest.mark.parametrize("promise", promises(), ids=lambda p: f"{p.quarter}-{p.check}-{p.subject}")
def test_the_readme_keeps_its_promises(promise: Promise, taken: Taken) -> None:
    verdict, reason, _ = taken.cells[promise.quarter, promise.check, promise.subject]
    assert verdict == promise.verdict, reason


def test_every_check_stands_in_the_readme() -> None:
    assert {p.check for p in promises()} == {c.id for c in catalog.load().checks}


@pytest.mark.parametrize("promise", promises(), ids=lambda p: f"{p.quarter}-{p.where}")
def test_the_readme_points_at_the_right_record(promise: Promise) -> None:
    record = json.dumps(record_at(promise.quarter, promise.where), ensure_ascii=False)
    for name in named_by(promise):
        assert name in record


def named_by(promise: Promise) -> list[str]:
    """Return what the record of a promise must name; a policy or a rate names nobody."""
    subject = promise.subject
    if promise.check in ("POL-01", "POL-02", "GOV-01"):
        return []
    if subject.startswith("mcp:"):
        return [subject.removeprefix("mcp:").split("@")[0]]
    if subject.startswith("rev-"):
        return [subject]
    return [part.removeprefix("agt-") for part in subject.split(" -> ")]


def record_at(quarter: str, where: str) -> Any:
    """Return the record at file#record: the line of a CSV or JSONL file, else the number."""
    name, _, number = where.partition("#")
    path, n = HERE / "acme" / quarter / name, int(number)
    text = unpacked(path).decode()
    if ".jsonl" in path.name:
        return json.loads(text.split("\n")[n - 1])
    if path.suffix == ".csv":
        return next(csv.reader([text.split("\n")[n - 1]]))
    if path.suffix == ".yml":
        return yamls.read_yaml(path)[n - 1]
    return _numbered(json.loads(text))[n - 1]


def _numbered(document: Any) -> list[Any]:
    if isinstance(document, list):
        return document
    for name in ("records", "Records", "spans"):
        if name in document:
            return list(document[name])
    if "resourceSpans" in document:
        return [s for r in document["resourceSpans"] for c in r["scopeSpans"] for s in c["spans"]]
    return [document]


def test_nothing_is_found_against_the_governed_agents(taken: Taken) -> None:
    bad = {
        k: v
        for k, v in taken.cells.items()
        if k[0] == "2026-q3" and v[2] in GOOD and v[0] != "pass"
    }
    assert bad == {}
    assert {v[2] for v in taken.cells.values()} >= GOOD


def test_a_gateway_is_no_sharing(taken: Taken) -> None:
    gateway = ("spiffe://freight.example.com/gateway/agent-gateway", "wid-agent-gateway")
    assert not [k for k, v in taken.cells.items() if k[2] in gateway and v[0] == "fail"]


def test_a_seasonal_agent_is_not_called_dormant(taken: Taken) -> None:
    assert ("2026-q3", "INV-03", "agt-peak-planner") not in taken.cells


def test_what_is_broken_on_purpose_is_accounted_for(taken: Taken) -> None:
    intake = taken.intake["2026-q3"]
    for file in intake.files:
        fates = file.kept + file.out_of_scope + file.unreadable + file.rejected
        assert file.read == fates, file.file
    found = {(q.file, q.line, q.kind) for q in intake.quarantined}
    september = "logs/gateway-2026-09.jsonl"
    assert found >= {
        ("inventory/notes.txt", 1, "unreadable"),
        (september, 41, "unreadable"),
        (september, 56, "unreadable"),
        (september, 71, "field"),
        (september, 86, "rejected"),
        (september, 101, "rejected"),
    }
    assert [q.kind for q in intake.quarantined if q.file == "inventory/people.csv"] == [
        "unreadable"
    ]


def test_the_planted_secrets_reach_no_verdict_and_no_accounting(taken: Taken) -> None:
    text = repr(taken)
    assert "not-a-real" not in text
    assert "holds what looks like a secret" in text


def test_the_company_has_files_of_seven_sources_and_of_none(taken: Taken) -> None:
    for quarter, intake in taken.intake.items():
        stated = {"waivers", "compensations"} if quarter == "2026-q3" else set()
        assert {f.source for f in intake.files} - stated == {
            "", "reporter-inventory", "reporter-events", "aws-cloudtrail", "otel-genai", "mcp-config", "okta-apps",
            "okta-system-log", "attestations",
        }  # fmt: skip
