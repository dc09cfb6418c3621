"""The sample data: the same bytes each time, both sides of every check, and the results that its
README promises.
"""

from __future__ import annotations

import csv
import gzip
import json
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import read_results, texts_of

from reporter.content import loader, yaml

HERE = Path(__file__).parents[1] / "sample_data"
QUARTERS = ("2026-q2", "2026-q3")
GOOD = {
    f"agt-{name}"
    for name in (
        "dispatch-planner", "invoice-matcher", "claims-triage", "eta-notifier", "code-fixer",
        "route-risk", "dock-scheduler", "shift-balancer",
    )
}  # fmt: skip
Results = dict[tuple[str, str, str], tuple[str, str, str]]
"""(quarter, check, subject) -> (result, reason, actor)"""


@dataclass(frozen=True)
class Taken:
    """What runs of both quarters wrote, by quarter."""

    results: Results
    inputs: dict[str, list[dict[str, Any]]]
    """What the manifest says of each file."""
    quarantined: dict[str, list[dict[str, str]]]
    texts: dict[str, dict[str, str]]
    """Each file, as text."""


@dataclass(frozen=True)
class Promise:
    """A line of the README's table."""

    quarter: str
    check: str
    subject: str
    result: str
    where: str


def promises() -> list[Promise]:
    """Read the table of results in the README."""
    lines = (HERE / "README.md").read_text(encoding="utf-8").splitlines()
    rows = [[c.strip() for c in line.strip("|").split("|")] for line in lines if line[:1] == "|"]
    return [Promise(*r[1:]) for r in rows if len(r) == 6 and r[0].isdigit()]


@pytest.fixture(scope="module")
def taken(sample: Path) -> Taken:
    made = Taken({}, {}, {}, {})
    for quarter in QUARTERS:
        run = sample / quarter.removeprefix("2026-")
        for check, subject, result, reason, actor in read_results(
            run, columns=("check", "subject", "status", "reason", "actor")
        ):
            # What somebody answered for is a failure of the check all the same, and what is only declared is met: so
            # the README promises.
            plain = {"compensated": "fail", "declared": "pass"}.get(result, result)
            made.results[quarter, check, subject] = (plain, reason, actor)
        made.inputs[quarter] = json.loads((run / "manifest.json").read_text("utf-8"))["inputs"]
        with (run / "quarantine.csv").open(encoding="utf-8-sig", newline="") as file:
            made.quarantined[quarter] = list(csv.DictReader(file))
        made.texts[quarter] = texts_of(p for p in run.iterdir() if p.is_file())
    return made


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
    for (_, check, _), (result, _, _) in taken.results.items():
        seen[check].add(result)
    assert set(seen) == {c.id for c in loader.load().checks}
    assert {c: v for c, v in seen.items() if not {"pass", "fail"} <= v} == {}
    assert set().union(*seen.values()) >= {"pass", "fail", "unknown"}


def test_the_readme_keeps_its_promises(taken: Taken) -> None:
    found = [
        (p, taken.results.get((p.quarter, p.check, p.subject), ("no result", "")))
        for p in promises()
    ]
    assert [(p, told[:2]) for p, told in found if told[0] != p.result] == []
    assert len(found) > 200


def test_every_check_stands_in_the_readme() -> None:
    assert {p.check for p in promises()} == {c.id for c in loader.load().checks}


def test_the_readme_points_at_the_right_record() -> None:
    records = [
        (p, json.dumps(record_at(p.quarter, p.where), ensure_ascii=False)) for p in promises()
    ]
    assert [(p, n, text) for p, text in records for n in named_by(p) if n not in text] == []


def named_by(promise: Promise) -> list[str]:
    """Return what the record of a promise must name; a policy or a rate names nobody."""
    subject = promise.subject
    if promise.check in ("POL-01", "POL-02", "POL-05", "GOV-01"):
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
        return yaml.read_yaml(path)[n - 1]
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
        for k, v in taken.results.items()
        if k[0] == "2026-q3" and v[2] in GOOD and v[0] != "pass"
    }
    assert bad == {}
    assert {v[2] for v in taken.results.values()} >= GOOD


def test_a_gateway_is_no_sharing(taken: Taken) -> None:
    gateway = ("spiffe://freight.example.com/gateway/agent-gateway", "wid-agent-gateway")
    assert not [k for k, v in taken.results.items() if k[2] in gateway and v[0] == "fail"]


def test_a_seasonal_agent_is_not_called_dormant(taken: Taken) -> None:
    assert ("2026-q3", "INV-03", "agt-peak-planner") not in taken.results


def test_what_is_broken_on_purpose_is_accounted_for(taken: Taken) -> None:
    for file in taken.inputs["2026-q3"]:
        fates = sum(file[fate] for fate in ("kept", "out_of_scope", "unreadable", "rejected"))
        assert file["read"] == fates, file["file"]
    quarantined = taken.quarantined["2026-q3"]
    found = {(q["file"], int(q["line"]), q["kind"]) for q in quarantined}
    september = "logs/gateway-2026-09.jsonl"
    assert found >= {
        ("inventory/notes.txt", 1, "unreadable"),
        (september, 41, "unreadable"),
        (september, 56, "unreadable"),
        (september, 71, "field"),
        (september, 86, "rejected"),
        (september, 101, "rejected"),
    }
    assert [q["kind"] for q in quarantined if q["file"] == "inventory/people.csv"] == ["unreadable"]


def test_the_planted_secrets_reach_no_result_and_no_accounting(taken: Taken) -> None:
    text = repr(taken)
    assert "not-a-real" not in text
    assert "holds what looks like a secret" in text


def test_the_company_has_files_of_eight_sources_and_of_none(taken: Taken) -> None:
    for quarter, inputs in taken.inputs.items():
        stated = {"waivers", "compensations", "responses"} if quarter == "2026-q3" else set()
        assert {f["source"] for f in inputs} - stated == {
            "", "reporter-inventory", "reporter-events", "aws-cloudtrail", "otel-genai", "mcp-config", "okta-apps",
            "okta-system-log", "attestations", "aws-log-stores",
        }  # fmt: skip
