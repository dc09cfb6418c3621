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


def test_a_role_assigned_on_a_condition_is_not_held_without_it() -> None:
    rows = json.loads((SOURCES / "entra-grants" / "golden.json").read_text(encoding="utf-8"))["rows"]["grants"]  # fmt: skip
    assert [r["actor_id"][-1] for r in rows if r.get("conditional") == "*"] == ["9"]
