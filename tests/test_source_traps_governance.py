"""Traps of what governs agents: scans, sign-offs, drills, catalogues, vendors: what would be a false pass.

Each test reads what the files of a source become (golden.json, which another test holds).
"""

from __future__ import annotations

from typing import Any

import pytest
from test_source_traps_delivery import by, rows

# Scans for secrets


def test_a_scan_that_still_runs_and_one_of_issues_are_no_scan_of_the_code() -> None:
    repositories = by("actor_id", "github-secret-scanning", "actors")
    assert "quay/running-agent" not in repositories
    assert repositories["harbour/claims-agent"]["secret_scan_at"] == "2026-09-28T04:10:00"


def test_a_scan_without_the_alerts_of_its_organisation_does_not_say_that_none_is_open() -> None:
    repository = by("actor_id", "github-secret-scanning", "actors")["elsewhere/clean-agent"]
    assert "secret_findings_open" not in repository


# Approvals of items


def test_a_round_with_a_no_or_without_an_answer_approves_nothing() -> None:
    items = by("actor_id", "servicenow-changes", "actors")
    assert set(items) == {"b1" * 16, "b4" * 16}, "b2 was rejected by one, b3 not yet answered"


def test_an_item_is_approved_when_the_last_of_its_first_round_said_yes() -> None:
    items = by("actor_id", "servicenow-changes", "actors")
    assert items["b1" * 16]["approved_at"] == "2026-01-09T10:00:00"


# Risks


def test_a_risk_is_signed_off_only_where_each_of_them_is() -> None:
    items = by("actor_id", "servicenow-grc", "actors")
    signed = {name for name, row in items.items() if "risk_signed_off_at" in row}
    assert signed == {"c3" * 16}, "of c4 it was rejected, of c5 one of two risks has no approval"
    assert items["c5" * 16]["risk_mapped_at"] == "2026-03-01T08:00:00"


# Data and their classes


def test_what_a_scanner_found_raises_the_class_that_a_tag_gives() -> None:
    rights = by("name", "aws-data-catalog", "grants")
    assert rights["arn:aws:s3:::port-claims/*"]["classification"] == "confidential", "tagged public"


def test_no_tag_an_unknown_word_and_a_sample_finding_are_no_class() -> None:
    rights = by("name", "aws-data-catalog", "grants")
    assert "classification" not in rights["arn:aws:s3:::port-odd/*"], (
        "tier 2 is not a class of ours"
    )
    assert "classification" not in rights["arn:aws:s3:::port-tides/*"]


def test_a_grant_to_a_person_of_a_directory_is_no_right_of_an_agent() -> None:
    assert "b2c3" not in by("actor_id", "aws-data-catalog", "grants")


# Drills


def test_only_a_run_that_succeeded_and_names_an_agent_tests_its_stop() -> None:
    agents = by("actor_id", "aws-ssm-automation", "actors")
    assert set(agents) == {"crane-agent", "tide-agent"}
    assert agents["crane-agent"]["kill_switch_tested_at"] == "2026-08-02T10:00:00", (
        "the last failed"
    )


def test_the_success_of_a_runbook_is_not_the_silence_of_the_agent() -> None:
    assert not [r for r in rows("aws-ssm-automation", "actors") if "kill_switch_minutes" in r]


# Policies


def _policy(number: int) -> dict[str, Any]:
    return by("policy_id", "servicenow-policies", "policies")[f"POL00010{number:02d}"]


@pytest.mark.parametrize("number", [1, 10, 15, 21, 22, 23])
def test_a_policy_is_approved_in_each_form_of_its_export(number: int) -> None:
    policy = _policy(number)
    assert (policy["status"], policy["approved_by"]) == (
        "approved",
        ("e2" if number == 1 else "e1") * 16,
    )


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (2, "rejected by one of two"),
        (3, "one is not asked yet"),
        (4, "one was never answered"),
    ],
)
def test_a_published_policy_is_approved_only_where_all_who_were_asked_said_yes(
    number: int, why: str
) -> None:
    policy = _policy(number)
    assert policy["status"] == "unapproved", why
    assert "approved_by" not in policy


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (6, "no one is named"),
        (7, "the approval is of an exception from it"),
        (13, "no approval is there"),
    ],
)
def test_whether_a_published_policy_was_approved_is_not_known_without_its_approvals(
    number: int, why: str
) -> None:
    policy = _policy(number)
    assert policy["status"] == "published", why
    assert "approved_by" not in policy


@pytest.mark.parametrize(
    ("number", "status"), [(5, "draft"), (9, "withdrawn"), (12, "withdrawn"), (14, "draft"), (24, "draft")]
)  # fmt: skip
def test_an_approval_of_before_does_not_make_a_draft_or_a_retired_policy_one_in_force(
    number: int, status: str
) -> None:
    policy = _policy(number)
    assert policy["status"] == status
    assert "approved_by" not in policy


def test_a_policy_is_in_force_neither_before_its_date_nor_before_its_last_approval() -> None:
    assert _policy(1)["effective_at"] == "2026-02-04T09:00:00", "from January, approved in February"
    assert _policy(10)["effective_at"] == "2026-12-01T00:00:00"
    assert "effective_at" not in _policy(15), "an approval is not a date that somebody set"


def test_a_policy_for_other_agents_is_not_one_for_agents() -> None:
    scopes = {n: _policy(n)["scope"] for n in (1, 3, 4, 7, 8)}
    assert scopes.pop(8) == "insurance agents licensing policy"
    assert set(scopes.values()) == {"agents"}


def test_a_procedure_is_no_policy() -> None:
    assert "POL0001011" not in by("policy_id", "servicenow-policies", "policies")
