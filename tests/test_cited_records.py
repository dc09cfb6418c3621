"""A result names the record that holds what it says, where the record of an actor is spread over several files."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from conftest import assess_few, read_results

from reporter.pipeline.assess import Options, assess_workspace

pytestmark = pytest.mark.slow

SETTINGS = """organisation: Example
period: {from: 2026-07-01, to: 2026-09-30}
as_of: 2026-10-01
"""
FILES = {
    "a_names": {"name": "Mail sorter", "risk_tier": "high", "autonomy": 3},
    "b_ends": {"expires_at": "2025-12-01"},
    "c_owners": {"owner_id": "ann", "technical_owner_id": "ann"},
    "d_both": {"owner_id": "ann", "risk_tier": "high", "autonomy": 3},
    "e_confirmed": {"owner_confirmed_at": "2026-08-02"},
}


def _log() -> str:
    """Return a log that shows the agent on each day of the quarter."""
    event = {"actor_id": "a1", "log_source": "gateway", "tool": "crm", "outcome": "success"}
    days = [datetime(2026, 7, 1, 10, tzinfo=UTC) + timedelta(days=n) for n in range(92)]
    events = [event | {"event_id": f"e{n}", "time": d.isoformat()} for n, d in enumerate(days)]
    return "".join(json.dumps(e) + "\n" for e in events)


def test_a_result_names_the_record_that_holds_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assess_few(monkeypatch, "LIF-01", "OWN-01", "OWN-02", "OWN-04")
    inventory = tmp_path / "workspace" / "inventory"
    inventory.mkdir(parents=True)
    (tmp_path / "workspace" / "reporter.yml").write_text(SETTINGS, encoding="utf-8")
    ann = {"type": "human", "actor_id": "ann", "state": "active"}
    (inventory / "people.jsonl").write_text(json.dumps(ann) + "\n", encoding="utf-8")
    for name, facts in FILES.items():
        row = {"type": "agent", "actor_id": "a1", "state": "active"} | facts
        (inventory / f"{name}.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    assess_workspace(tmp_path / "workspace", tmp_path / "run", Options(formats=("json", "csv")))
    rows = read_results(tmp_path / "run", columns=("check", "subject", "status", "record"))
    refs = {check: ref for check, subject, _, ref in rows if subject == "a1"}
    assert refs["LIF-01"] == "inventory/b_ends.jsonl#1"
    assert refs["OWN-02"] == "inventory/c_owners.jsonl#1"
    assert refs["OWN-04"] == "inventory/e_confirmed.jsonl#1"  # others hold whose date it is
    assert refs["OWN-01"] in ("inventory/c_owners.jsonl#1", "inventory/d_both.jsonl#1")


def test_what_compares_with_the_last_snapshot_names_no_older_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assess_few(monkeypatch, "CHG-02")
    inventory = tmp_path / "workspace" / "inventory"
    inventory.mkdir(parents=True)
    (tmp_path / "workspace" / "reporter.yml").write_text(SETTINGS, encoding="utf-8")
    snapshots = [
        {"type": "snapshot_item", "actor_id": "a1", "approved_at": day, "item_type": "tool", "name": "crm"}
        for day in ("2026-01-01T00:00:00Z", "2026-06-01T00:00:00Z")
    ]  # fmt: skip
    agent = {"type": "agent", "actor_id": "a1", "state": "active", "tools": [{"name": "crm"}]}
    lines = "".join(json.dumps(row) + "\n" for row in (*snapshots, agent))
    (inventory / "a.jsonl").write_text(lines, encoding="utf-8")
    assess_workspace(tmp_path / "workspace", tmp_path / "run", Options(formats=("json",)))
    columns = ("check", "subject", "record")
    refs = {(c, s): ref for c, s, ref in read_results(tmp_path / "run", columns=columns)}
    assert refs["CHG-02", "a1"] == "inventory/a.jsonl#2"


STORES = [
    {"writers": "keeper"},
    {"integrity": "write_once"},
    {"retention_days": 800},
    {"retention_days": 400},
]


def test_a_result_on_a_log_names_the_record_of_its_store_that_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assess_few(monkeypatch, "AUD-04", "AUD-05", "AUD-06")
    folder = tmp_path / "workspace"
    for name in ("inventory", "logs"):
        (folder / name).mkdir(parents=True)
    (folder / "reporter.yml").write_text(SETTINGS, encoding="utf-8")
    agent = {"type": "agent", "actor_id": "a1", "state": "active"}
    agent |= {"owner_id": "ann", "principal_id": "p1"}
    stores = [{"type": "log_store", "log_source": "gateway"} | facts for facts in STORES]
    lines = "".join(json.dumps(row) + "\n" for row in (agent, *stores))
    (folder / "inventory" / "a.jsonl").write_text(lines, encoding="utf-8")
    (folder / "logs" / "gateway.jsonl").write_text(_log(), encoding="utf-8")
    assess_workspace(folder, tmp_path / "run", Options(formats=("json",)))
    rows = read_results(tmp_path / "run", columns=("check", "record"))
    assert {check: ref for check, ref in rows if check.startswith("AUD")} == {
        "AUD-04": "inventory/a.jsonl#3",
        "AUD-05": "inventory/a.jsonl#5",
        "AUD-06": "inventory/a.jsonl#2",
    }
