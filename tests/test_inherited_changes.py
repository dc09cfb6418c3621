"""Rights that are changed in place: in a policy, a group or a role, of which all who have it are changed.

One workspace goes through the whole product: lists of IAM and Kubernetes say who has what, logs what was done to it.
The period is July to September 2026.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import assess_few, read_results

from reporter.authoring.examples import RUN, load_example
from reporter.engine.duckdb import DuckDB
from reporter.pipeline.assess import Options, assess_workspace
from reporter.transform.derive import derive

pytestmark = pytest.mark.slow

ACCOUNT = "arn:aws:iam::111122223333:"
ELSEWHERE = "arn:aws:iam::999988887777:"
SHOP = "system:serviceaccount:shop:"
KIM = {"type": "IAMUser", "arn": f"{ACCOUNT}user/kim", "accountId": "111122223333"}
AGENTS = {
    "policy": f"{ACCOUNT}role/policy",
    "boundary": f"{ACCOUNT}role/boundary",
    "member": f"{ACCOUNT}user/member",
    "both": f"{ACCOUNT}user/both",
    "namesake": f"{ACCOUNT}role/namesake",
    "bound": f"{SHOP}bound",
    "cluster": f"{SHOP}cluster",
    "later": f"{SHOP}later",
}
TRUST = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]}
DOCUMENT = {"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}


def policy(arn: str) -> dict[str, str]:
    return {"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn}


def role(name: str, *policies: str, **more: Any) -> dict[str, Any]:
    attached = [policy(p) for p in policies]
    return {
        "RoleName": name,
        "RoleId": f"AROA{name.upper():0>16}",
        "Arn": f"{ACCOUNT}role/{name}",
        "AssumeRolePolicyDocument": TRUST,
        "AttachedManagedPolicies": attached,
        **more,
    }


def user(name: str, *policies: str) -> dict[str, Any]:
    groups = {"member": ["crew"], "both": ["crew"]}.get(name, [])
    return {
        "UserName": name,
        "Arn": f"{ACCOUNT}user/{name}",
        "GroupList": groups,
        "AttachedManagedPolicies": [policy(p) for p in policies],
    }


TIDES = f"{ACCOUNT}policy/tides"
IAM = {
    "UserDetailList": [user("member"), user("both", TIDES), user("kim", TIDES)],
    "GroupDetailList": [
        {
            "GroupName": "crew",
            "Path": "/ops/",
            "Arn": f"{ACCOUNT}group/ops/crew",
            "AttachedManagedPolicies": [policy(TIDES)],
        }
    ],
    "RoleDetailList": [
        role("policy", TIDES),
        role("nobodys", TIDES),
        role("boundary", PermissionsBoundary={"PermissionsBoundaryArn": f"{ACCOUNT}policy/bound"}),
        role("namesake", f"{ELSEWHERE}policy/tides", "arn:aws:iam::aws:policy/tides"),
    ],
    "Policies": [],
}


def call(number: int, name: str, **asked: Any) -> dict[str, Any]:
    return {
        "eventVersion": "1.10",
        "eventID": f"a-{number}",
        "eventTime": f"2026-08-{number:02d}T08:00:00Z",
        "eventSource": "iam.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1",
        "recipientAccountId": "111122223333",
        "userIdentity": KIM,
        "requestParameters": asked,
        "eventType": "AwsApiCall",
    }


def version(number: int, arn: str, **more: Any) -> dict[str, Any]:
    return call(
        number, "CreatePolicyVersion", policyArn=arn, policyDocument=json.dumps(DOCUMENT), **more
    )


TRAIL = [
    version(1, TIDES, setAsDefault=True),
    version(2, f"{ACCOUNT}policy/bound", setAsDefault=False),
    call(3, "SetDefaultPolicyVersion", policyArn=f"{ACCOUNT}policy/bound", versionId="v2"),
    call(4, "PutGroupPolicy", groupName="crew", policyName="extra", policyDocument="{}"),
    {**version(5, TIDES, setAsDefault=True), "errorCode": "LimitExceeded", "errorMessage": "5"},
    version(6, f"{ACCOUNT}policy/nobodys", setAsDefault=True),
]


def binding(kind: str, role_kind: str, name: str, since: str) -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "shop", "creationTimestamp": since},
        "roleRef": {"kind": role_kind, "name": "reader"},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": "shop"}],
    }


CLUSTER = {
    "apiVersion": "v1",
    "kind": "List",
    "items": [
        *(
            {
                "apiVersion": "v1",
                "kind": "ServiceAccount",
                "metadata": {"name": n, "namespace": "shop"},
            }
            for n in ("bound", "cluster", "later")
        ),
        binding("RoleBinding", "Role", "bound", "2026-01-01T00:00:00Z"),
        binding("RoleBinding", "ClusterRole", "cluster", "2026-01-01T00:00:00Z"),
        binding("RoleBinding", "Role", "later", "2026-09-01T00:00:00Z"),
    ],
}
AUDIT = {
    "kind": "Event",
    "apiVersion": "audit.k8s.io/v1",
    "auditID": "k-1",
    "stage": "ResponseComplete",
    "requestURI": "/apis/rbac.authorization.k8s.io/v1/namespaces/shop/roles/reader",
    "verb": "update",
    "user": {"username": "kim"},
    "objectRef": {
        "resource": "roles",
        "namespace": "shop",
        "name": "reader",
        "apiGroup": "rbac.authorization.k8s.io",
    },
    "responseStatus": {"code": 200},
    "requestObject": {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]},
    "requestReceivedTimestamp": "2026-08-10T08:00:00Z",
}
REGISTER = [
    {"type": "agent", "actor_id": name, "state": "active", "principal_id": principal}
    for name, principal in AGENTS.items()
]
FILES = {
    "inventory/agents.json": REGISTER,
    "inventory/iam.json": IAM,
    "inventory/cluster.json": CLUSTER,
    "logs/trail.json": {"Records": TRAIL},
    "logs/audit.jsonl": AUDIT,
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A run over the workspace."""
    folder = tmp_path_factory.mktemp("in-place")
    for name, content in FILES.items():
        path = folder / "ws" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content) + "\n", encoding="utf-8")
    (folder / "ws" / "reporter.yml").write_text(
        'organisation: T\nas_of: "2026-09-30"\nperiod: {from: "2026-07-01", to: "2026-09-30"}\n',
        encoding="utf-8",
    )
    with pytest.MonkeyPatch.context() as patch:
        assess_few(patch, "CHG-01")
        assess_workspace(folder / "ws", folder / "run", Options(formats=("json",)))
    yield folder / "run"


def told(run: Path) -> dict[str, tuple[str, str, str]]:
    rows = read_results(run, "\"check\" = 'CHG-01'", ("subject", "status", "record", "reason"))
    return {subject: (status, ref, reason) for subject, status, ref, reason in rows}


@pytest.mark.parametrize(
    ("agent", "ref"),
    [
        ("policy", "logs/trail.json#1"),
        ("both", "logs/trail.json#1"),
        ("member", "logs/trail.json#1"),
        ("boundary", "logs/trail.json#3"),
        ("bound", "logs/audit.jsonl#1"),
    ],
)
def test_who_has_what_was_changed_is_changed_by_that_record(
    agent: str, ref: str, run: Path
) -> None:
    assert told(run)[agent][:2] == ("unknown", ref), "nobody decides on such changes here"


@pytest.mark.parametrize(
    ("agent", "has_two"),
    [("policy", False), ("boundary", False), ("member", True), ("both", True)],
)
def test_a_change_counts_once_for_each_holder(agent: str, has_two: bool, run: Path) -> None:
    """A refused call and a version that is not the default are none; a policy held twice is one."""
    reason = told(run)[agent][2]
    assert f"n_more {1 if has_two else None})" in reason, reason


@pytest.mark.parametrize("agent", ["namesake", "cluster", "later"])
def test_who_has_another_of_the_name_or_got_it_later_is_not_changed(agent: str, run: Path) -> None:
    found = told(run).get(agent)
    assert found is None or not found[1].startswith("logs/"), found


def test_people_and_roles_without_an_agent_are_no_subjects(run: Path) -> None:
    assert not {n for n in told(run) if n.endswith(("user/kim", "role/nobodys"))}


def test_a_change_of_what_no_list_gives_to_anybody_is_told(run: Path) -> None:
    with (run / "quarantine.csv").open(encoding="utf-8-sig", newline="") as file:
        notes = [" ".join(row) for row in csv.reader(file)]
    [note] = [n for n in notes if "no list assigns to anyone" in n]
    assert "1 of 4 changes of policies, groups and roles from aws-cloudtrail" in note
    assert "logs/trail.json" in note


def test_agents_and_accounts_get_one_row_each_and_people_and_groups_none(tmp_path: Path) -> None:
    """However often and since when they have it: by a group of a group, too, and in a circle."""
    kinds = {"bot": "agent", "svc": "service_account", "kim": "human", "crew": "group"}
    had = [("bot", "p1"), ("bot", "crew"), ("svc", "p1"), ("kim", "p1"), ("crew", "p1")]
    given = {
        "actors": [{"actor_id": a, "kind": k, "state": "active"} for a, k in kinds.items()],
        "holdings": [
            *({"actor_id": a, "held_id": h} for a, h in had),
            {"actor_id": "crew", "held_id": "crew"},
            {"actor_id": "bot", "held_id": "p1", "since_at": "2026-01-01"},
        ],
        "changes": [
            {
                "change_id": "e1",
                "actor_id": "p1",
                "field": "shared_rights",
                "requested_by": "ida",
                "effective_at": "2026-08-10",
            }
        ],
    }
    with DuckDB(tmp_path / "work") as engine:
        load_example(engine, {"given": given})
        derive(engine, RUN, [])
        rows = engine.rows("SELECT change_id, actor_id, field, ref FROM changes ORDER BY ALL")
    assert rows == [
        ("e1", "bot", "entitlements", "changes#1"),
        ("e1", "p1", "shared_rights", "changes#1"),
        ("e1", "svc", "entitlements", "changes#1"),
    ]
