"""A value that was there and could not be read is neither filled nor empty: nothing passes or fails by it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import assess_few, read_results

from reporter.pipeline.assess import Options, assess_workspace

pytestmark = pytest.mark.slow
SETTINGS = """organisation: Example
period: {from: 2026-07-01, to: 2026-09-30}
as_of: 2026-10-01
"""
HEAD = "type,actor_id,state,owner_id,owner_confirmed_at,expires_at,max_calls_per_minute,max_cost_per_day,max_steps,risk_tier,autonomy\n"
READABLE = "agent,clear,active,ann@example.com,2026-09-01,2026-12-31,60,50,20,medium,2\n"
EMPTY = "agent,bare,active,ann@example.com,,,,,,,2\n"
GERMAN = "agent,odd,active,ann@example.com,01.09.2026,31.12.2026,60/min,50 EUR,20,mittel,2\n"
PERSON = "human,ann@example.com,active,,,,,,,,\n"
AGENT = {
    "type": "agent", "state": "active", "risk_tier": "medium", "autonomy": 2, "created_at": "2026-01-05",
    "activated_at": "2026-01-05", "tools": [{"name": "pay.refund", "effect": "transfer"}],
}  # fmt: skip
CHECKS = ("LIF-01", "OWN-04")


def _run(folder: Path, **files: str) -> dict[tuple[str, str], tuple[str, str]]:
    inventory = folder / "workspace" / "inventory"
    inventory.mkdir(parents=True)
    (folder / "workspace" / "reporter.yml").write_text(SETTINGS, encoding="utf-8")
    for name, text in files.items():
        (inventory / name.replace("_", ".")).write_text(text, encoding="utf-8")
    assess_workspace(folder / "workspace", folder / "run", Options(formats=("json", "csv")))
    columns = ("check", "subject", "status", "reason_code")
    return {(c, s): (r, w) for c, s, r, w in read_results(folder / "run", columns=columns)}


def test_an_unreadable_cell_of_a_register_fails_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assess_few(monkeypatch, *CHECKS)
    results = _run(tmp_path, agents_csv=HEAD + READABLE + EMPTY + GERMAN + PERSON)
    for check in CHECKS:
        assert results[check, "bare"][0] == "fail"
        assert results[check, "odd"] == ("unknown", "unread")
        assert results[check, "clear"][1] != "unread"
    report = json.loads((tmp_path / "run" / "report.json").read_text(encoding="utf-8"))
    notice = next(n for n in report["notices"] if n["code"] == "fields_unread")
    assert notice["lines"][0]["values"] == [["file", "inventory/agents.csv"], ["n", 5]]


def test_an_unreadable_cell_counts_for_nothing_where_another_record_fills_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assess_few(monkeypatch, "LIF-01")
    other = json.dumps({"type": "agent", "actor_id": "odd", "expires_at": "2025-12-01"})
    results = _run(tmp_path, a_csv=HEAD + GERMAN, b_jsonl=other + "\n")
    assert results["LIF-01", "odd"][0] == "fail"


def test_an_unreadable_date_of_a_review_is_no_missing_review(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assess_few(monkeypatch, "REV-01")
    rows = [AGENT | {"actor_id": name} for name in ("odd", "clear", "none")]
    for name, day in (("odd", "15.07.2026"), ("clear", "2026-07-15"), ("none", "")):
        rows.append(
            {"type": "review", "review_id": name, "actor_id": name, "due_at": "2026-08-01"}
            | {"completed_at": day, "trigger": "calendar"}
        )
    results = _run(tmp_path, reg_jsonl="\n".join(map(json.dumps, rows)) + "\n")
    assert results["REV-01", "odd"] == ("unknown", "unread")
    assert results["REV-01", "clear"][1] != "unread"
    assert results["REV-01", "none"][1] != "unread"


def test_of_whom_a_list_says_unreadably_when_he_left_nothing_passes_for_his_agents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assess_few(monkeypatch, "OWN-02")
    rows = [
        {"type": "human", "actor_id": "ann", "state": "active", "retired_at": "31.07.2026"},
        {"type": "human", "actor_id": "bob", "state": "active", "retired_at": ""},
        *(
            {"type": "agent", "actor_id": f"of-{o}", "state": "active", "owner_id": o}
            | {"owner_confirmed_at": "2026-09-01"}
            for o in ("ann", "bob")
        ),
    ]
    results = _run(tmp_path, reg_jsonl="\n".join(map(json.dumps, rows)) + "\n")
    assert results["OWN-02", "of-ann"] == ("unknown", "unread")
    assert results["OWN-02", "of-bob"][0] == "declared"


def test_a_credential_on_whose_end_two_lists_disagree_passes_and_fails_nothing_by_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assess_few(monkeypatch, "CRD-03", "CRD-08")

    def register(**ends: str) -> str:
        keys = [
            {"credential_id": name, "type": "api_key", "storage": "vault"}
            | {"issued_at": "2026-06-01", "expires_at": end}
            for name, end in ends.items()
        ]
        return json.dumps(AGENT | {"actor_id": "a1", "credentials": keys}) + "\n"

    first = register(differs="2026-08-01", ended="2026-08-01", agrees="2027-06-01T00:00:00Z")
    second = register(differs="2027-08-01", agrees="2027-06-01T10:00:00Z")
    calls = [
        {
            "time": "2026-09-10T08:00:00Z",
            "actor_id": "a1",
            "actor_kind": "agent",
            "log_source": "gw",
        }
        | {"tool": "pay.refund", "credential_id": name, "outcome": "success"}
        for name in ("differs", "ended")
    ]
    logs = tmp_path / "workspace" / "logs"
    logs.mkdir(parents=True)
    (logs / "gw.jsonl").write_text("\n".join(map(json.dumps, calls)) + "\n", encoding="utf-8")
    results = _run(tmp_path, a_jsonl=first, b_jsonl=second)
    assert results["CRD-08", "differs"] == ("unknown", "records_differ")
    assert results["CRD-08", "ended"][0] == "fail"
    assert results["CRD-03", "differs"] == ("unknown", "records_differ")
    assert results["CRD-03", "agrees"][0] == "fail"
    notes = (tmp_path / "run" / "quarantine.csv").read_text(encoding="utf-8")
    assert (
        "credential differs: records differ on expires_at: 2026-08-01 (inventory/a.jsonl#1)"
        in notes
    )


def test_a_limit_below_nothing_or_beyond_counting_is_no_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assess_few(monkeypatch)
    rows = [
        AGENT | {"actor_id": f"a{n}", "max_cost_per_day": limit}
        for n, limit in enumerate(("-5", "1" + 25 * "0", "0", "999999999999999999"))
    ]
    _run(tmp_path, reg_jsonl="\n".join(map(json.dumps, rows)) + "\n")
    notes = (tmp_path / "run" / "quarantine.csv").read_text(encoding="utf-8").splitlines()[1:]
    says = "actors.max_cost_per_day is not a whole number from 0 and of at most 18 digits: "
    assert [says in note for note in notes] == [True, True]


def test_what_fails_whatever_an_unreadable_cell_held_still_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assess_few(monkeypatch, "APR-01", "OWN-02", "OWN-04")

    def agent(name: str, tool: str, **more: str) -> dict[str, object]:
        grant = {"name": tool, "effect": "transfer", "needs_approval": False}
        return AGENT | {"actor_id": name, "tools": [grant | more]}

    rows = [
        agent("two", "pay.refund", expires_at="31.12.2026"),
        agent("two", "pay.wire"),
        agent("one", "pay.refund", expires_at="31.12.2026"),
        agent("one", "pay.refund"),
        AGENT | {"actor_id": "left", "owner_id": "ann", "owner_confirmed_at": "01.09.2026"},
        AGENT | {"actor_id": "kept", "owner_id": "bob", "owner_confirmed_at": "01.09.2026"},
        {"type": "human", "actor_id": "ann", "state": "retired", "retired_at": "2026-07-31"},
        {"type": "human", "actor_id": "bob", "state": "active"},
    ]
    results = _run(tmp_path, reg_jsonl="\n".join(map(json.dumps, rows)) + "\n")
    assert results["APR-01", "two"] == ("fail", "no_approval_needed")
    assert results["APR-01", "one"] == ("unknown", "unread")
    assert results["OWN-02", "left"] == ("fail", "left")
    assert results["OWN-02", "kept"][0] == "declared"
    assert results["OWN-04", "kept"] == ("unknown", "unread")
