"""What one kind of record cannot hold is unknown of it, whatever records of another kind beside it hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import assess_few, read_results

from reporter.pipeline.assess import Options, assess_workspace

pytestmark = pytest.mark.slow
AGENTS = (
    "sys_id,name,description,role,active,agent_type,strategy,sys_created_on\n"
    "aa11,Desk helper,Helps,Agent,true,internal,react,2026-01-05 08:00:00\n"
)
APPLICATION = {
    "sys_id": "bb22",
    "name": "Chat",
    "sys_class_name": "cmdb_ci_appl",
    "category": "AI Agent",
    "owned_by": "ann",
    "operational_status": "1",
    "environment": "Production",
}
LISTED = {
    "agentSummaries": [
        {"agentId": i, "agentName": i.lower(), "agentStatus": "PREPARED", "latestAgentVersion": "1"}
        for i in ("AGENTAAAAA", "AGENTBBBBB")
    ]
}
DESCRIBED = {
    "agent": {
        "agentId": "AGENTAAAAA",
        "agentName": "agentaaaaa",
        "agentStatus": "PREPARED",
        "agentArn": "arn:aws:bedrock:eu-central-1:111111111111:agent/AGENTAAAAA",
        "agentResourceRoleArn": "arn:aws:iam::111111111111:role/desk",
        "createdAt": "2026-01-01T00:00:00+00:00",
    }
}
KEY = {
    "token": "0c95c7ece1ce1a9750275ef1c6d7ad6b278f70d6",
    "key_alias": "billing",
    "key_name": "sk-...abcd",
    "spend": 1.2,
    "user_id": "ann",
    "models": [],
    "max_budget": None,
    "created_at": "2026-01-01T00:00:00Z",
}
OTHER_KEY = {**KEY, "token": "9" * 40, "key_alias": "plain"}
CASES = {
    "ServiceNow's table of agents has no owner": (
        {"agents.csv": AGENTS, "cmdb.json": {"result": [APPLICATION]}},
        "OWN-01",
        "aa11",
    ),
    "Bedrock's list of agents has no role": (
        {"list.json": LISTED, "a.json": DESCRIBED},
        "IDN-01",
        "AGENTBBBBB",
    ),
    "LiteLLM's list of keys has no record of an agent": (
        {"keys.json": {"keys": [{**KEY, "agent_id": "agent-1"}, OTHER_KEY]}},
        "INV-01",
        "agent-1",
    ),
}


def _assess(
    folder: Path, files: dict[str, object], patch: pytest.MonkeyPatch, *checks: str
) -> Path:
    (folder / "ws" / "inventory").mkdir(parents=True)
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        path = folder / "ws" / ("logs" if name.endswith(".jsonl") else "inventory") / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (folder / "ws" / "reporter.yml").write_text(
        'organisation: T\nas_of: "2026-09-30"\nperiod: {from: "2026-07-01", to: "2026-09-30"}\n',
        encoding="utf-8",
    )
    assess_few(patch, *checks)
    run = folder / "run"
    assess_workspace(folder / "ws", run, Options(formats=("json",)))
    return run


@pytest.mark.parametrize(("files", "check", "subject"), CASES.values(), ids=CASES)
def test_what_a_kind_of_record_cannot_hold_is_unknown(
    files: dict[str, object],
    check: str,
    subject: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = _assess(tmp_path, files, monkeypatch, check)
    where = f"\"check\" = '{check}' AND subject = '{subject}'"
    rows = read_results(run, where, ("status", "reason"))
    assert [status for status, _ in rows] == ["unknown"], rows


def test_a_record_that_could_hold_an_owner_and_does_not_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = {**APPLICATION, "sys_id": "cc33", "name": "Mail", "owned_by": ""}
    run = _assess(tmp_path, {"cmdb.json": {"result": [APPLICATION, bare]}}, monkeypatch, "OWN-01")
    rows = read_results(run, "\"check\" = 'OWN-01'", ("subject", "status"))
    assert dict(rows)["cc33"] == "fail"


def test_a_blank_after_an_id_in_a_log_makes_no_stranger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register = {"agents": [{"type": "agent", "actor_id": "agt-1 ", "name": "A", "state": "active"}]}
    event = {
        "event_id": "e1",
        "time": "2026-07-01T10:00:00Z",
        "log_source": "gw",
        "actor_id": "agt-1 ",
        "actor_kind": "agent",
        "event_class": "tool",
        "tool": "x",
        "action": "x",
        "outcome": "success",
    }
    files = {"agents.json": register, "log.jsonl": json.dumps(event) + "\n"}
    run = _assess(tmp_path, files, monkeypatch, "INV-02")
    rows = read_results(run, "\"check\" = 'INV-02'", ("subject", "status"))
    assert [s for _, s in rows if s == "fail"] == []
    assert {subject for subject, _ in rows} <= {"agt-1"}
