"""Traps of what scanners write: what looks like a test that passed or failed, and is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

SOURCES = Path(__file__).parent / "data" / "sources"
Rows = list[dict[str, Any]]


def rows(source: str, table: str = "tests", **values: Any) -> Rows:
    """Return golden rows of a source that have some values; None stands for a column that is empty."""
    golden = json.loads((SOURCES / source / "golden.json").read_text(encoding="utf-8"))
    found: Rows = golden["rows"].get(table, [])
    return [r for r in found if all(r.get(n) == v for n, v in values.items())]


def ends(source: str, **values: Any) -> list[str]:
    return sorted(r["result"] for r in rows(source, **values))


ROLE = "arn:aws:iam::444455556666:role/crane-scheduler"
USER = "arn:aws:iam::444455556666:user/deployer"


@pytest.mark.parametrize("source", ["ocsf", "prowler"])
def test_what_prowler_leaves_to_people_or_was_told_to_mute_is_neither(source: str) -> None:
    assert ends(source, rule="bedrock_agent_role_not_shared_across_agents") == ["not_run"]
    muted = rows(source, tool="Prowler", result="muted")
    assert muted
    assert not {r["target"] for r in muted} & {
        r.get("target") for r in rows(source, result="failed")
    }


def test_prowler_writes_its_time_as_a_number_of_seconds_and_another_of_its_own_place() -> None:
    (test,) = rows("ocsf", rule="core_minimize_root_containers_admission")
    assert test["tested_at"] == "2026-08-09T10:00:00"


def test_an_inline_policy_is_that_of_the_identity_that_holds_it() -> None:
    (test,) = rows("ocsf", rule="iam_inline_policy_no_administrative_privileges")
    assert test["target"] == ROLE


def test_a_requirement_of_a_standard_does_not_change_how_a_check_ended() -> None:
    found = rows("ocsf", rule="iam_user_administrator_access_policy")
    assert [(r["target"], r["result"]) for r in found] == [(USER, "failed")] * 2


def test_warnings_are_no_results_and_a_closed_or_resolved_failure_is_over() -> None:
    found = rows("ocsf", tool="Security Hub")
    assert sorted((r["result"], "fixed_at" in r) for r in found) == [
        ("failed", False),
        ("failed", True),
        ("failed", True),
        ("muted", False),
        ("not_run", False),
        ("passed", False),
    ]


@pytest.mark.parametrize("source", ["ocsf", "sarif"])
def test_what_reporter_wrote_itself_is_no_test(source: str) -> None:
    assert not rows(source, tool="Reporter")


def test_a_configuration_check_is_a_test_and_no_alert() -> None:
    raised = {r["alert_id"] for r in rows("aws-security-findings", "alerts")}
    assert not raised & {r["test_id"] for r in rows("aws-security-findings")}


def test_a_control_has_one_name_in_every_standard_and_benchmarks_keep_theirs() -> None:
    assert {r["rule"] for r in rows("aws-security-findings", tool="Security Hub")} == {
        "IAM.3",
        "IAM.8",
        "ECS.8",
        "arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0/rule/1.4",
    }


@pytest.mark.parametrize(
    ("test_id", "result"),
    [
        ("c-1", "failed"),
        ("c-4", "muted"),  # suppressed
        ("c-5", "not_run"),  # archived: its resource may be gone
        ("c-6", "not_run"),  # not available
        (
            "prowler-iam_role_administratoraccess_policy-444455556666-eu-central-1-ab",
            "muted",
        ),  # its warning
        ("other-1", "not_run"),  # a warning of another
    ],
)
def test_only_what_failed_and_stands_is_a_failure_in_security_hub(
    test_id: str, result: str
) -> None:
    assert ends("aws-security-findings", test_id=test_id) == [result]


def test_a_sample_finding_is_no_test() -> None:
    assert not rows("aws-security-findings", test_id="sample-1")


def test_a_run_of_sarif_that_did_not_succeed_proves_nothing() -> None:
    assert {r["result"] for r in rows("sarif", record=2)} == {"not_run"}
    assert not rows("sarif", "actors", actor_id="dock/tug")


def test_only_what_sarif_calls_a_failure_is_one_and_only_an_accepted_suppression_mutes() -> None:
    found = rows("sarif", record=1, rule="py/sql")
    assert sorted((r["result"], "fixed_at" in r) for r in found) == [
        ("failed", False),  # plain
        ("failed", False),  # its suppression is under review
        ("failed", True),  # absent, says the baseline
        ("muted", False),
        ("not_run", False),  # for review
        ("not_run", False),  # level none
        ("passed", False),  # kind pass
    ]


def test_a_result_without_a_time_has_none() -> None:
    (test,) = rows("sarif", tool="checkov")
    assert "tested_at" not in test


def test_a_scan_for_secrets_counts_as_one_only_where_the_run_says_that_it_succeeded() -> None:
    clean, found = rows("sarif", "actors")
    assert (clean["secret_findings_open"], clean["secret_scan_at"]) == (0, "2026-08-12T12:00:00")
    assert (found["secret_findings_open"], "secret_scan_at" in found) == (1, False)


@pytest.mark.parametrize("source", ["sarif", "hdf", "ocsf", "prowler", "aws-security-findings"])
def test_neither_texts_nor_people_are_kept(source: str) -> None:
    text = json.dumps(rows(source)) + json.dumps(rows(source, "actors"))
    assert not [word for word in ("words", "not for us", "mira", "snippet") if word in text]


@pytest.mark.parametrize(
    ("rule", "result"),
    [
        ("d-1", "failed"),
        ("d-2", "passed"),
        ("d-3", "not_run"),  # one of its results was skipped
        ("d-4", "not_run"),  # of no impact: not applicable
        ("d-5", "muted"),
        ("d-6", "failed"),  # its waiver has expired
        ("d-7", "not_run"),  # skipped by a waiver
        ("d-8", "not_run"),  # somebody attests it
        ("d-10", "not_run"),  # it broke
    ],
)
def test_a_control_of_inspec_passed_only_if_all_its_results_did(rule: str, result: str) -> None:
    assert ends("hdf", rule=rule) == [result]


def test_a_control_without_results_is_no_test() -> None:
    assert not rows("hdf", rule="d-9")
