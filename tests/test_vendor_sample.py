"""The sample company that has only exports of vendors: the same bytes each time, nothing in a format of
our own, and the results that the README promises.
"""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from conftest import read_results
from test_sample_data import contents

from reporter.api import assess

pytestmark = pytest.mark.slow

HERE = Path(__file__).parents[1] / "sample_data"
QUARTERS = ("2026-q2", "2026-q3")
GOVERNED = ("meter-anomaly", "outage-summary", "leak-detector")
DECIDED = {"pass", "declared", "fail"}
Taken = dict[str, tuple[dict[tuple[str, str], str], list[dict[str, Any]]]]
Covered = dict[str, Fraction]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The run of each quarter."""
    folder = tmp_path_factory.mktemp("runs")
    for quarter in QUARTERS:
        assess(HERE / "brightwater" / quarter, folder / quarter, formats=("json", "csv"))
    return {quarter: folder / quarter for quarter in QUARTERS}


@pytest.fixture(scope="module")
def covered(runs: dict[str, Path]) -> Covered:
    """By quarter: the share of what applies to the enterprise that is known, in percent."""
    reports = {q: json.loads((run / "report.json").read_text("utf-8")) for q, run in runs.items()}
    return {
        q: 100 * Fraction(report["scores"]["enterprise"]["total"]["coverage"])
        for q, report in reports.items()
    }


@pytest.fixture(scope="module")
def taken(runs: dict[str, Path]) -> Taken:
    """By quarter: results by check and subject, and what the manifest says of each file."""
    made: Taken = {}
    for quarter, run in runs.items():
        results = {
            (c, s): r for c, s, r in read_results(run, columns=("check", "subject", "status"))
        }
        made[quarter] = results, json.loads((run / "manifest.json").read_text("utf-8"))["inputs"]
    return made


def ids(quarter: str) -> dict[str, str]:
    """Return the ids under which results name what the README names."""
    folder = HERE / "brightwater" / quarter / "inventory"
    items = json.loads((folder / "agents/servicenow-items.json").read_text("utf-8"))["result"]
    keys = json.loads((folder / "litellm/keys.json").read_text("utf-8"))["keys"]
    apps = json.loads((folder / "entra/applications.json").read_text("utf-8"))["value"]
    named = {a["displayName"].lower().replace(" ", "-"): a["appId"] for a in apps}
    named |= {i["name"]: i["sys_id"] for i in items}
    principals = json.loads((folder / "entra/service-principals.json").read_text("utf-8"))["value"]
    named |= {
        p["verifiedPublisher"]["displayName"]: p["appOwnerOrganizationId"] for p in principals
    }
    return named | {"key of " + k["key_alias"].split("/")[-1]: k["token"][:40] for k in keys}


def promises() -> list[list[str]]:
    """Read the table in the README: number, quarter, check, subject, result."""
    lines = (HERE / "README.md").read_text(encoding="utf-8").splitlines()
    rows = [[c.strip() for c in line.strip("|").split("|")] for line in lines if line[:3] == "| V"]
    return [r for r in rows if len(r) == 5]


def test_generating_again_gives_the_same_files(tmp_path: Path) -> None:
    script = [sys.executable, str(HERE / "generate_vendor.py"), "--out", str(tmp_path)]
    subprocess.run(script, check=True)
    assert contents(tmp_path) == contents(HERE / "brightwater")


def test_the_files_stay_small() -> None:
    files = [p for p in (HERE / "brightwater").rglob("*") if p.is_file()]
    assert sum(p.stat().st_size for p in files) < 2_000_000


def test_no_file_is_in_a_format_of_our_own(taken: Taken) -> None:
    for _, inputs in taken.values():
        assert [f["file"] for f in inputs if f["source"].startswith("reporter-")] == []
        assert [f["file"] for f in inputs if not f["source"]] == []


def test_every_record_is_accounted_for(taken: Taken) -> None:
    for _, inputs in taken.values():
        for file in inputs:
            assert file["read"] == file["kept"] + file["out_of_scope"], file["file"]
            assert file["unreadable"] == file["rejected"] == 0, file["file"]


def test_most_checks_decide_something(taken: Taken) -> None:
    results, _ = taken["2026-q3"]
    decided = [key for key, result in results.items() if result in DECIDED]
    assert len({check for check, _ in decided}) >= 75
    assert len(decided) >= len(results) / 2


def test_most_of_what_is_asked_is_known(covered: Covered) -> None:
    assert covered["2026-q3"] > 60
    assert covered["2026-q2"] > 60


def test_the_readme_keeps_its_promises(taken: Taken) -> None:
    found = promises()
    told = {q: ids(q) for q in QUARTERS}
    results = [taken[q][0].get((c, told[q].get(s, s))) for _, q, c, s, _ in found]
    assert [(p, r) for p, r in zip(found, results, strict=True) if r != p[4]] == []
    assert {p[0] for p in found} == {f"V{n}" for n in range(1, 26)}


def test_governed_agents_have_no_failure(taken: Taken) -> None:
    for quarter, (results, _) in taken.items():
        governed = {ids(quarter)[name] for name in GOVERNED}
        told = [(c, s, r) for (c, s), r in results.items() if s in governed]
        assert [t for t in told if t[2] == "fail"] == []
        assert len([t for t in told if t[2] in DECIDED]) >= 15 * len(governed)
