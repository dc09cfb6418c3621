"""Traps of cloud rights: what a policy gives with one hand and takes with the other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

SOURCES = Path(__file__).parent / "data" / "sources"
GOLDEN = SOURCES / "aws-iam-authz-details" / "golden.json"
GRANTS = [r for r in json.loads(GOLDEN.read_text(encoding="utf-8"))["rows"]["grants"] if "/quay-" in r["actor_id"]]  # fmt: skip


def limits_of(user: str) -> dict[str, tuple[str | None, str | None]]:
    """Return action -> what is taken out of it, and what is on conditions."""
    return {r["action"]: (r.get("excluded"), r.get("conditional")) for r in GRANTS if r["actor_id"].endswith(f"user/{user}") and "action" in r}  # fmt: skip


@pytest.mark.parametrize(
    ("user", "limits"),
    [
        # A denial without conditions takes out of every right of the holder, whichever policy it stands in.
        (
            "quay-denied",
            dict.fromkeys(("s3:*", "ec2:Describe*"), ("s3:Delete* s3:PutBucketPolicy", None)),
        ),
        # Of some resources, it is not known whether it was met.
        ("quay-bucket", {"s3:*": (None, "s3:GetObject")}),
        ("quay-mfa", {"sqs:*": (None, "*")}),
        # Everything but some is denied: all that is told is that it may be.
        ("quay-region", {"ec2:*": (None, "*")}),
        # A condition is that of its statement, not of the other one.
        ("quay-terms", {"kms:Decrypt": (None, "*"), "kms:Encrypt": (None, None)}),
        # One action that is not a list.
        ("quay-except", {"* except iam:*": ("iam:*", None)}),
        # What a group denies, it denies its members.
        ("quay-member", {"ec2:*": ("ec2:Terminate*", None)}),
    ],
)
def test_a_right_says_what_a_policy_takes_out_of_it(
    user: str, limits: dict[str, tuple[str | None, str | None]]
) -> None:
    assert limits_of(user) == limits


def test_a_denial_is_no_right() -> None:
    assert not [r for r in GRANTS if r.get("action") in ("s3:Delete*", "sts:*", "ec2:Terminate*")]


def test_a_group_of_which_nothing_is_known_leaves_the_list_of_rights_open() -> None:
    assert [(r["actor_id"].rpartition("/")[2], r["role"]) for r in GRANTS if "action" not in r] == [
        ("quay-denied", "arn:aws:iam::444455556666:group/quay-elsewhere")
    ]


def rows_of(source: str, table: str) -> list[dict[str, str]]:
    golden = json.loads((SOURCES / source / "golden.json").read_text(encoding="utf-8"))
    return list(golden["rows"][table])


def test_a_role_assigned_on_a_condition_is_not_held_without_it() -> None:
    rows = rows_of("entra-grants", "grants")
    assert [r["actor_id"][-1] for r in rows if "role" in r and r.get("conditional") == "*"] == ["9"]


def test_what_an_application_may_do_for_a_person_it_may_not_do_for_itself() -> None:
    rows = [r for s in ("entra-grants", "entra-service-principals") for r in rows_of(s, "grants")]
    assert {r["file"] for r in rows if "action" in r and r.get("conditional") == "*"} == {
        "logs/scopes-list.json",
        "logs/scopes.jsonl",
        "logs/serviceprincipals.json",
    }
    told = {r["rights"] for r in rows_of("entra-logs", "events") if "rights" in r}
    assert "Mail.Read@delegated openid@delegated" in told


def test_microsoft_graph_names_its_permissions_and_is_nobody() -> None:
    assert [(r["role"][-1], r["actions"]) for r in rows_of("entra-service-principals", "role_definitions")] == [("1", "Quay.Read.All")]  # fmt: skip
    for table in ("actors", "aliases"):
        assert not [r for r in rows_of("entra-service-principals", table) if r["record"] == 8]


def test_a_set_of_permissions_goes_by_its_name_only_where_one_tells_it() -> None:
    rows = rows_of("aws-identity-center", "grants")
    assert {(r["actor_id"][-1], r["name"], r["role"][:15]) for r in rows} == {
        ("1", "444455556666", "AWSReservedSSO_"),
        ("3", "444455556666", "AWSReservedSSO_"),
        ("9", "444455556666", "AWSReservedSSO_"),
        ("2", "444455556666", "arn:aws:sso:::p"),
        ("1", "777788889999", "AWSReservedSSO_"),
    }


def test_a_user_name_without_a_domain_is_no_alias() -> None:
    assert {r["alias"] for r in rows_of("aws-identity-center", "aliases")} == {
        "mara@quay.example",
        "00uQUAYMARA",
    }


@pytest.mark.parametrize(
    ("account", "rights"),
    [
        # A manifest leaves the rules to the cluster, which also takes those of roles collected in turn.
        ("lookout", {("get", "pods"), ("*", "*")}),
        # What is selected is not in the files, or by an expression: only the name of the role is known.
        ("pilot", {(None, "quay/collects-what-is-elsewhere")}),
        ("tug", {("get", "quay/pods"), (None, "quay/collects-by-expression")}),
    ],
)
def test_a_role_that_collects_others_allows_what_they_allow(
    account: str, rights: set[tuple[str | None, str]]
) -> None:
    rows = rows_of("kubernetes-objects", "grants")
    held = [r for r in rows if r["actor_id"] == f"system:serviceaccount:quay:{account}"]
    assert {(r.get("action"), r["name"]) for r in held} == rights
