"""What one list tells of its credentials says nothing of those that another lists."""

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
ARN = "arn:aws:iam::111122223333:user/bot-{}"
REPORT = """user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated
bot-1,arn:aws:iam::111122223333:user/bot-1,2022-01-01T00:00:00+00:00,false,N/A,N/A,N/A,false,true,2022-01-01T00:00:00+00:00,2026-09-01T00:00:00+00:00,eu-central-1,s3,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A
"""  # fmt: skip


def test_where_a_store_keeps_its_secrets_fails_no_key_of_another_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assess_few(monkeypatch, "CRD-05", "REC-02")
    inventory = tmp_path / "workspace" / "inventory"
    inventory.mkdir(parents=True)
    (tmp_path / "workspace" / "reporter.yml").write_text(SETTINGS, encoding="utf-8")
    (inventory / "report.csv").write_text(REPORT, encoding="utf-8")
    agents = [
        {"type": "agent", "actor_id": f"bot-{n}", "state": "active", "owner_id": "ann"}
        | {"principal_id": ARN.format(n), "aliases": [ARN.format(n)]}
        for n in (1, 2)
    ]
    (inventory / "agents.jsonl").write_text("\n".join(map(json.dumps, agents)), encoding="utf-8")
    secret = {
        "ARN": "arn:aws:secretsmanager:eu-central-1:111122223333:secret:bot-1-AbCdEf",
        "Name": "bot-1",
        "Tags": [{"Key": "agent", "Value": "bot-1"}],
        "CreatedDate": "2026-08-01T00:00:00Z",
        "RotationEnabled": True,
        "RotationRules": {"AutomaticallyAfterDays": 30},
        "LastRotatedDate": "2026-09-15T00:00:00Z",
    }
    (inventory / "secrets.json").write_text(json.dumps({"SecretList": [secret]}), encoding="utf-8")
    assess_workspace(tmp_path / "workspace", tmp_path / "run", Options(formats=("json", "csv")))
    columns = ("check", "subject", "status", "reason_code")
    rows = {(c, s): (r, w) for c, s, r, w in read_results(tmp_path / "run", columns=columns)}
    keys = {s: v for (c, s), v in rows.items() if c == "CRD-05"}
    assert "unknown" in {status for status, _ in keys.values()}
    assert "fail" not in {status for status, _ in keys.values()}
    assert rows["REC-02", "bot-1"][0] != "fail"


@pytest.mark.parametrize("directory", ["a-aws.json", "z-aws.json"])
def test_a_register_says_that_an_agent_is_retired_whatever_a_directory_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, directory: str
) -> None:
    """That its user exists in AWS is no word on the agent: nobody asks of the retired whether they are in use."""
    assess_few(monkeypatch, "INV-03", "LIF-02")
    inventory = tmp_path / "workspace" / "inventory"
    inventory.mkdir(parents=True)
    (tmp_path / "workspace" / "reporter.yml").write_text(SETTINGS, encoding="utf-8")
    user = {"UserName": "bot-1", "UserId": "AIDAEXAMPLE1", "Arn": ARN.format(1), "Path": "/"}
    user |= {"CreateDate": "2026-01-05T00:00:00Z", "GroupList": [], "AttachedManagedPolicies": []}
    details = {
        "UserDetailList": [user],
        "GroupDetailList": [],
        "RoleDetailList": [],
        "Policies": [],
    }
    (inventory / directory).write_text(json.dumps(details), encoding="utf-8")
    agent = {"type": "agent", "actor_id": "bot-1", "state": "retired", "retired_at": "2026-08-15"}
    agent |= {"principal_id": ARN.format(1), "owner_id": "ann", "aliases": [ARN.format(1)]}
    (inventory / "m-agents.jsonl").write_text(json.dumps(agent), encoding="utf-8")
    assess_workspace(tmp_path / "workspace", tmp_path / "run", Options(formats=("json", "csv")))
    rows = read_results(tmp_path / "run", columns=("check", "subject"))
    assert ("LIF-02", "bot-1") in rows
    assert ("INV-03", "bot-1") not in rows


def test_a_list_that_tells_no_end_fails_no_key_as_endless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A register tells the end of its own keys; a secret store tells none, so that of its secret is not known."""
    assess_few(monkeypatch, "CRD-03")
    inventory = tmp_path / "workspace" / "inventory"
    inventory.mkdir(parents=True)
    (tmp_path / "workspace" / "reporter.yml").write_text(SETTINGS, encoding="utf-8")
    agent = {"type": "agent", "actor_id": "bot-1", "state": "active", "owner_id": "ann"}
    key = {"type": "credential", "actor_id": "bot-1", "issued_at": "2026-09-20"}
    rows = [
        agent,
        key | {"credential_id": "k-ends", "key_type": "api_key", "expires_at": "2026-10-20"},
    ]
    (inventory / "agents.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    name = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:bot-1-AbCdEf"
    secret = {"ARN": name, "Name": "bot-1", "Tags": [{"Key": "agent", "Value": "bot-1"}]}
    secret |= {"CreatedDate": "2026-08-01T00:00:00Z", "RotationEnabled": False}
    (inventory / "secrets.json").write_text(json.dumps({"SecretList": [secret]}), encoding="utf-8")
    assess_workspace(tmp_path / "workspace", tmp_path / "run", Options(formats=("json", "csv")))
    columns = ("check", "subject", "status", "reason_code")
    found = {
        s: (r, w) for c, s, r, w in read_results(tmp_path / "run", columns=columns) if c == "CRD-03"
    }
    assert found[name] == ("unknown", "not_recorded")


USER = {"UserName": "bot-1", "UserId": "AIDAEXAMPLE1", "Path": "/", "Arn": ARN.format(1)}
KEY = {"UserName": "bot-1", "AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "Status": "Active"}
ROW = {"access_key_id": KEY["AccessKeyId"], "user_name": "bot-1", "status": "Active"}
ROW |= {"create_date": "2022-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    "lists",
    [
        {"report.csv": REPORT},
        {
            "user.json": json.dumps({"User": USER}),
            "keys.json": json.dumps(
                {"AccessKeyMetadata": [KEY | {"CreateDate": "2022-01-01T00:00:00Z"}]}
            ),
        },
        {"steampipe.json": json.dumps([ROW | {"user_arn": ARN.format(1)}])},
        {"steampipe.json": json.dumps([ROW | {"account_id": "111122223333"}])},
    ],
    ids=["credential report", "list-access-keys", "cloudquery", "steampipe"],
)
def test_an_old_access_key_is_overdue_and_endless_whichever_list_tells_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lists: dict[str, str]
) -> None:
    """A key of AWS has no end and is renewed by a new one: its age is the time since its rotation."""
    assess_few(monkeypatch, "CRD-03", "CRD-04")
    inventory = tmp_path / "workspace" / "inventory"
    inventory.mkdir(parents=True)
    (tmp_path / "workspace" / "reporter.yml").write_text(SETTINGS, encoding="utf-8")
    agent = {"type": "agent", "actor_id": "bot-1", "state": "active", "principal_id": ARN.format(1)}
    (inventory / "agents.jsonl").write_text(json.dumps(agent), encoding="utf-8")
    for name, text in lists.items():
        (inventory / name).write_text(text, encoding="utf-8")
    assess_workspace(tmp_path / "workspace", tmp_path / "run", Options(formats=("json", "csv")))
    columns = ("check", "status", "reason_code")
    found = {
        (c, s, w) for c, s, w in read_results(tmp_path / "run", columns=columns) if "CRD-0" in c
    }
    assert {("CRD-03", "fail", "never_expires"), ("CRD-04", "fail", "overdue")} <= found
