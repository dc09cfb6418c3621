"""What a list cannot show is unknown: limits kept elsewhere, keys of the past. Who stands in none is known by his agent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import assess_few, read_results

from reporter.authoring.examples import RUN, load_example
from reporter.engine.duckdb import DuckDB
from reporter.pipeline.assess import Options, assess_workspace
from reporter.transform.derive import derive

pytestmark = pytest.mark.slow

SETTINGS = """organisation: Example
period: {from: 2026-07-01, to: 2026-09-30}
as_of: 2026-10-01
"""
Codes = dict[tuple[str, str], tuple[str, str]]


def codes(folder: Path, files: dict[str, Any]) -> Codes:
    """Return (check, subject) -> (status, reason code) of a workspace with these files."""
    for name, content in files.items():
        path = folder / "workspace" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content), encoding="utf-8")
    (folder / "workspace" / "reporter.yml").write_text(SETTINGS, encoding="utf-8")
    assess_workspace(folder / "workspace", folder / "run", Options(formats=("json", "csv")))
    columns = ("check", "subject", "status", "reason_code")
    return {
        (c, s): (status, code)
        for c, s, status, code in read_results(folder / "run", columns=columns)
    }


# Limits of a gateway


def agent_of_litellm(number: int, **more: Any) -> dict[str, Any]:
    return {
        "agent_id": f"ag-{number}",
        "agent_name": f"bot-{number}",
        "agent_card_params": {"name": f"bot-{number}"},
        "litellm_params": {"require_trace_id_on_calls_by_agent": True, "max_iterations": 9},
        "enabled": True,
    } | more


def key_of_litellm(number: int, **more: Any) -> dict[str, Any]:
    none = dict.fromkeys(("user_id", "team_id", "rpm_limit", "max_budget", "budget_duration"))
    return {
        "token": f"{number:064x}",
        "key_alias": f"key-{number}",
        "agent_id": f"ag-{number}",
        "models": [],
        **none,
    } | more


def test_a_key_without_a_limit_may_stand_under_that_of_its_user_or_team(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assess_few(monkeypatch, "RUN-06", "RUN-11")
    set_here = {"rpm_limit": 60, "max_budget": 5.0, "budget_duration": "1d"}
    keys = [
        key_of_litellm(1, user_id="u1", **set_here),
        key_of_litellm(2, user_id="u1"),
        key_of_litellm(3, team_id="t1", rpm_limit=60),
        key_of_litellm(4),
        key_of_litellm(5, **set_here),
        key_of_litellm(5, token=f"{55:064x}", key_alias="key-55", **set_here),
    ]
    found = codes(
        tmp_path,
        {
            "inventory/agents.json": [agent_of_litellm(n) for n in range(1, 6)],
            "inventory/keys.json": {"keys": keys},
            "logs/gateway.json": [
                {"time": "2026-08-01T10:00:00Z", "event_id": f"e{n}", "log_source": "gateway"}
                | {"actor_id": f"ag-{n}", "actor_kind": "agent", "session_id": f"s{n}"}
                | {"action": "call", "cost": 1, "outcome": "success"}
                for n in range(1, 6)
            ],
        },
    )
    status = {s: status for (c, s), (status, _) in found.items() if c == "RUN-06"}
    assert status == {
        "ag-1": "pass",
        "ag-2": "unknown",
        "ag-3": "unknown",
        "ag-4": "fail",
        "ag-5": "unknown",
    }
    assert found["RUN-11", "ag-1"][0] == "unknown"  # its log delivers on one day
    assert found["RUN-06", "ag-2"][1] == "not_recorded"


# Keys of the past


def user_arn(name: str) -> str:
    return f"arn:aws:iam::111122223333:user/{name}"


def call_with(key: str, name: str, day: str) -> dict[str, Any]:
    return {
        "eventVersion": "1.09",
        "userIdentity": {
            "type": "IAMUser",
            "arn": user_arn(name),
            "accountId": "111122223333",
            "accessKeyId": key,
            "userName": name,
        },
        "eventTime": f"{day}T10:00:00Z",
        "eventSource": "s3.amazonaws.com",
        "eventName": "ListObjects",
        "requestParameters": {"bucketName": "b"},
        "eventID": f"{key}-{day}",
        "eventType": "AwsApiCall",
        "recipientAccountId": "111122223333",
    }


def test_a_key_that_was_rotated_is_no_stranger_to_its_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An inactive one is still listed, a deleted one no longer; that of another user is neither."""
    assess_few(monkeypatch, "IDN-04", "REC-01")
    names = ("inactive", "deleted", "borrows")
    keys = [
        ("inactive", "AKIAINACTIVE00000001", "Inactive", "2026-01-20"),
        ("inactive", "AKIAINACTIVE00000002", "Active", "2026-08-20"),
        ("deleted", "AKIADELETED000000002", "Active", "2026-08-20"),
        ("borrows", "AKIABORROWS000000002", "Active", "2026-08-20"),
    ]
    calls = [
        ("AKIAINACTIVE00000001", "inactive"),
        ("AKIADELETED000000001", "deleted"),
        ("AKIAINACTIVE00000002", "borrows"),
    ]
    found = codes(
        tmp_path,
        {
            "inventory/agents.json": [
                {"type": "agent", "actor_id": n, "state": "active", "principal_id": user_arn(n)}
                for n in names
            ],
            "inventory/users.json": {
                "Users": [
                    {"UserName": n, "UserId": f"AIDA{n.upper()}0000", "Arn": user_arn(n)}
                    for n in names
                ]
            },
            "inventory/keys.json": {
                "AccessKeyMetadata": [
                    {"UserName": n, "AccessKeyId": k, "Status": s, "CreateDate": f"{d}T00:00:00Z"}
                    for n, k, s, d in keys
                ]
            },
            "logs/trail.json": {"Records": [call_with(k, n, "2026-07-08") for k, n in calls]},
        },
    )
    codes_of = {n: found["IDN-04", n][1] for n in names}
    # What is declared passes, were its log not silent on most days.
    assert codes_of == {"inactive": "silent_days", "deleted": "past_key", "borrows": "undeclared"}
    assert "credential_not_recorded" not in {found["REC-01", n][1] for n in names}


# Who stands in no list


def test_rights_keys_and_alerts_of_an_identity_that_only_the_register_names_are_the_agents(
    tmp_path: Path,
) -> None:
    """But not of one that two agents declare, of a person, or of a gateway."""
    agent = {"kind": "agent", "state": "active"}
    actors = [
        agent | {"actor_id": "bot", "principal_id": "role/bot"},
        agent | {"actor_id": "cloud", "principal_id": "c@p-1.iam.gserviceaccount.com"},
        agent | {"actor_id": "one", "principal_id": "role/shared"},
        agent | {"actor_id": "other", "principal_id": "role/shared"},
        agent | {"actor_id": "borrows", "principal_id": "ann@x.example"},
        agent | {"actor_id": "helped", "principal_id": "zoe"},
        agent | {"actor_id": "gate", "principal_id": "role/gate", "is_intermediary": True},
        agent | {"actor_id": "quiet", "principal_id": "role/quiet"},
    ]
    names = [str(a["principal_id"]) for a in actors[:7]]
    given = {
        "actors": actors,
        "grants": [{"actor_id": n, "type": "entitlement", "name": "x"} for n in names],
        "alerts": [
            {"alert_id": n, "actor_id": n, "raised_at": "2026-08-01"} for n in ("role/bot", "zoe")
        ],
        "approvals": [{"approval_id": "p1", "approver_id": "zoe", "actor_id": "bot"}],
    }
    with DuckDB(tmp_path / "work") as engine:
        load_example(engine, {"given": given})
        derive(engine, RUN, [])
        holders = dict(engine.rows("SELECT actor_id, count(*) FROM grants GROUP BY actor_id"))
        assert sorted(holders) == [
            "ann@x.example",
            "bot",
            "cloud",
            "role/gate",
            "role/shared",
            "zoe",
        ]
        alerted = {who for (who,) in engine.rows("SELECT actor_id FROM alerts")}
        assert alerted == {"bot", "zoe"}
        names_known = {a for (a,) in engine.rows("SELECT alias FROM same_as")}
        assert names_known == {"role/bot", "c@p-1.iam.gserviceaccount.com"}


def test_two_lists_of_ones_own_that_agree_are_no_more_than_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No key is listed, and the check reads nothing else but who stands in which list."""
    assess_few(monkeypatch, "REC-03")
    row = {"type": "agent", "actor_id": "bot", "state": "active", "owner_id": "ann"}
    files = {
        "inventory/register.json": {"records": [row]},
        "inventory/directory.json": {"records": [row | {"listed_in": "directory"}]},
    }
    assert codes(tmp_path, files)["REC-03", "bot"] == ("declared", "alike")
