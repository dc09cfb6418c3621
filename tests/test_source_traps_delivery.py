"""Traps of delivery, tickets, inventories and registers: what would be a false pass.

Each test reads what the files of a source become (golden.json, which another test holds).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).parent / "data" / "sources"
Row = dict[str, Any]


def rows(source: str, table: str) -> list[Row]:
    """Return the rows of a table that the files of a source become."""
    golden = json.loads((DATA / source / "golden.json").read_text(encoding="utf-8"))
    found: list[Row] = golden["rows"].get(table, [])
    return found


def by(key: str, source: str, table: str) -> dict[str, Row]:
    """Return the same rows by one of their columns."""
    return {row[key]: row for row in rows(source, table)}


# Pull requests


@pytest.mark.parametrize(
    ("number", "trap"),
    [
        (12, "approved before the last push"),
        (13, "approved by a bot"),
        (14, "approved by the author, in other letters"),
        (15, "approved, then the same person asked for changes"),
        (16, "approved by somebody without the right to write"),
        (17, "approved after the merge"),
    ],
)
def test_a_merge_is_not_approved_that_was(number: int, trap: str) -> None:
    change = by("change_id", "github-pull-requests", "changes")[f"harbour/quay-agent#{number}"]
    assert not {"approved_by", "approved_at"} & set(change), trap


def test_an_approval_that_does_not_tell_its_commit_counts_for_nothing() -> None:
    change = by("change_id", "github-pull-requests", "changes")["harbour/crane-agent#5"]
    assert "approved_by" not in change
    assert change["requested_by"] == "copilot-swe-agent[bot]"


def test_an_approval_of_the_merged_commit_by_another_person_counts() -> None:
    changes = by("change_id", "github-pull-requests", "changes")
    assert changes["harbour/quay-agent#11"]["approved_by"] == "tom-r"
    assert changes["harbour/buoy-agent#2"]["approved_by"] == "ola-n"


def test_decisions_are_bound_to_the_commit_that_was_looked_at() -> None:
    for row in rows("github-pull-requests", "approvals"):
        assert "@" in row["scope"]
        assert not row["approver_id"].endswith("[bot]")
        assert row["approver_id"] != "passer-by"


def test_a_repository_is_no_agent() -> None:
    assert not rows("github-pull-requests", "actors")
    assert not rows("github-pull-requests", "aliases")


# Merge requests


@pytest.mark.parametrize(
    ("number", "trap"),
    [
        (2, "approved before the last push, written in another time zone"),
        (3, "approved by the author and a bot"),
        (5, "approved without a date"),
        (6, "approved, but when it was last pushed is not told"),
    ],
)
def test_a_merge_at_gitlab_is_not_approved_that_was(number: int, trap: str) -> None:
    change = by("change_id", "gitlab-merge-requests", "changes")[f"ops/tug-agent!{number}"]
    assert not {"approved_by", "approved_at"} & set(change), trap


def test_a_merge_at_gitlab_approved_after_the_last_push_counts() -> None:
    change = by("change_id", "gitlab-merge-requests", "changes")["ops/tug-agent!1"]
    assert change["approved_by"] == "tom"


# Deployments and protections


def test_a_machine_that_reviews_a_deployment_approves_nothing() -> None:
    assert [a["approver_id"] for a in rows("github-delivery", "approvals")] == ["ola-n"]


def test_a_ruleset_that_is_only_evaluated_and_people_who_may_pass_are_no_exceptions() -> None:
    found = {e["actor_id"] for e in rows("github-delivery", "exceptions")}
    assert found == {"app/501", "app/502"}


def test_a_deletion_is_not_dated_by_the_last_change_of_what_was_deleted() -> None:
    gone = [e for e in rows("github-delivery", "events") if e["action"].endswith(".deleted")]
    assert len(gone) == 2
    assert not any("occurred_at" in e for e in gone)


# ServiceNow


def test_resolved_is_not_contained_and_close_notes_correct_nothing() -> None:
    incidents = by("incident_id", "servicenow-incidents", "incidents")
    assert "contained_at" not in incidents["INC0042001"]
    assert "corrective" not in incidents["INC0042002"]
    assert {i for i, row in incidents.items() if "corrective" in row} == {
        "INC0042001",
        "INC0042007",
    }
    assert {i for i, row in incidents.items() if "contained_at" in row} == {"INC0042007"}


def test_an_incident_that_was_cancelled_without_a_word_is_not_dismissed() -> None:
    incidents = by("incident_id", "servicenow-incidents", "incidents")
    assert "dismissed_why" not in incidents["INC0042004"]


def test_an_accepted_risk_is_no_correction() -> None:
    assert "corrective" not in by("incident_id", "servicenow-incidents", "incidents")["INC0042008"]


def test_notes_of_people_are_not_kept() -> None:
    for source in ("servicenow-incidents", "servicenow-changes"):
        assert "words" not in (DATA / source / "golden.json").read_text(encoding="utf-8")


def test_a_configuration_item_is_known_by_its_id_in_every_form_of_an_export() -> None:
    incidents = by("incident_id", "servicenow-incidents", "incidents")
    item = "c1" * 16
    assert [incidents[i]["actor_id"] for i in ("INC0042001", "INC0042007", "SIR0007001")] == [
        item
    ] * 3


def test_a_standard_change_and_an_approval_that_was_not_needed_have_no_approver() -> None:
    changes = by("change_id", "servicenow-changes", "changes")
    assert "approved_by" not in changes["CHG0030014"]
    assert changes["CHG0030011"]["approved_by"] == "e2" * 16


def test_who_approves_his_own_change_is_shown_as_such() -> None:
    change = by("change_id", "servicenow-changes", "changes")["CHG0030012"]
    assert change["approved_by"] == change["requested_by"]


def test_an_emergency_change_is_approved_after_it_took_effect() -> None:
    change = by("change_id", "servicenow-changes", "changes")["CHG0030013"]
    assert change["approved_at"] > change["effective_at"]


def test_what_is_planned_or_cancelled_is_no_change() -> None:
    changes = by("change_id", "servicenow-changes", "changes")
    assert not {"CHG0030015", "CHG0030016"} & set(changes)


def test_a_name_makes_no_agent_of_an_application() -> None:
    items = by("name", "servicenow-cmdb", "actors")
    assert items["claims-triage-agent"]["kind"] == "workload"
    assert items["crane-agent"]["kind"] == "agent"


def test_what_discovery_touched_is_not_confirmed() -> None:
    items = by("name", "servicenow-cmdb", "actors")
    assert "updated_at" not in items["claims-triage-agent"]
    assert items["crane-agent"]["updated_at"].startswith("2026-08-01")


def test_an_owner_has_not_confirmed_what_somebody_else_attested() -> None:
    items = by("name", "servicenow-cmdb", "actors")
    assert "owner_confirmed_at" not in items["Tide desk"]
    assert "owner_confirmed_at" in items["crane-agent"]


def test_what_one_status_calls_retired_is_not_active_by_the_default_of_the_other() -> None:
    items = by("name", "servicenow-cmdb", "actors")
    assert {items[n]["state"] for n in ("claims-triage-agent", "Tide desk")} == {"retired"}


def test_an_agent_and_its_asset_are_one() -> None:
    agents = [a for a in rows("servicenow-cmdb", "actors") if a["name"] == "Berth assistant"]
    assert [a["actor_id"] for a in agents] == ["d1" * 16] * 2


def test_a_service_above_an_application_is_the_process_that_it_serves() -> None:
    crane = by("name", "servicenow-cmdb", "actors")["crane-agent"]
    assert crane["process_id"] == "c3" * 16


def test_a_tool_that_was_taken_away_is_no_right() -> None:
    tools = {g["name"]: g["needs_approval"] for g in rows("servicenow-cmdb", "grants")}
    assert tools == {"move_berth": True, "read_tides": False}


# PagerDuty and Jira


def test_an_incident_that_pagerduty_resolved_is_not_contained() -> None:
    for row in rows("pagerduty-incidents", "incidents"):
        assert not {"contained_at", "corrective", "dismissed_why"} & set(row)


def test_only_the_status_contained_contains_a_jira_incident() -> None:
    incidents = by("incident_id", "jira-issues", "incidents")
    assert {i for i, row in incidents.items() if "contained_at" in row} == {"OPS-1"}
    assert "OPS-6" not in incidents


@pytest.mark.parametrize(
    ("change_id", "trap"),
    [("OPS-12", "moved on by the reporter"), ("OPS-13", "moved on by an automation")],
)
def test_a_jira_change_is_not_approved_that_was(change_id: str, trap: str) -> None:
    assert "approved_by" not in by("change_id", "jira-issues", "changes")[change_id], trap


def test_a_jira_change_is_approved_by_another_person_only() -> None:
    changes = by("change_id", "jira-issues", "changes")
    assert {changes[c]["approved_by"] for c in ("OPS-11", "OPS-15")} == {"acc-tom"}
    assert not {"OPS-14", "OPS-16"} & set(changes)


def test_an_approval_counts_where_who_asked_for_it_is_not_told() -> None:
    change = by("change_id", "jira-issues", "changes")["OPS-17"]
    assert "requested_by" not in change
    assert (change["approved_by"], change["approved_at"]) == ("acc-tom", "2026-08-02T13:00:00")


def test_who_has_not_decided_yet_has_approved_nothing() -> None:
    found = {(a["approver_id"], a["decision"]) for a in rows("jira-issues", "approvals")}
    assert found == {("acc-mira", "approved"), ("acc-tom", "approved")}


def test_a_label_makes_no_agent_of_an_asset_and_its_update_confirms_nothing() -> None:
    assets = by("name", "jira-assets", "actors")
    assert (assets["berth-agent"]["kind"], assets["tug-agent"]["kind"]) == ("workload", "agent")
    assert not any("updated_at" in row for row in assets.values())


# Scans for secrets

SCANS = ("github-secret-scanning", "gitleaks", "trufflehog")


@pytest.mark.parametrize("source", SCANS)
def test_findings_give_no_secret_no_date_and_stand_in_no_list_of_identities(source: str) -> None:
    assert "hunter2" not in (DATA / source / "golden.json").read_text(encoding="utf-8")
    for row in rows(source, "actors"):
        assert "secret_scan_at" not in row or source == "github-secret-scanning"
        assert row["listed_in"] == "secret_store"


def test_what_was_only_closed_is_an_open_finding() -> None:
    found = by("actor_id", "github-secret-scanning", "actors")
    assert found["harbour/quay-agent"]["secret_findings_open"] == 2, "one is closed as won't fix"
    assert found["harbour/tide-agent"]["secret_findings_open"] == 1, "revoked, yet still active"
    assert found["harbour/wave-agent"]["secret_findings_open"] == 1, "reopened later"


def test_unverified_findings_leave_it_open_how_many_there_are() -> None:
    found = by("actor_id", "trufflehog", "actors")
    assert "secret_findings_open" not in found["harbour/tide-agent"]


# Approvals


@pytest.mark.parametrize(
    "source",
    [
        "github-pull-requests",
        "github-delivery",
        "gitlab-merge-requests",
        "jira-issues",
        "servicenow-changes",
    ],
)
def test_a_decision_on_a_change_does_not_tell_that_approvals_of_tools_are_recorded(
    source: str,
) -> None:
    assert {a["type"] for a in rows(source, "approvals")} == {"action"}


# The audit log of GitHub


def test_a_protection_that_was_overridden_is_an_exception_that_nobody_approved() -> None:
    (row,) = rows("github-audit", "exceptions")
    assert (row["actor_id"], row["requester_id"]) == ("harbour/quay-agent", "ola-n")
    assert not {"approver_id", "reason"} & set(row)


def test_a_change_of_an_app_without_a_time_is_left_out() -> None:
    assert [s["state"] for s in rows("github-audit", "state_changes")] == ["active", "suspended"]


def test_what_github_delivered_among_the_audit_log_is_an_event_of_its_own_log() -> None:
    seen = {
        e["action"]: e
        for e in rows("github-audit", "events")
        if e["log_source"] == "github-webhooks"
    }
    assert {e["actor_id"] for e in seen.values()} == {"kim-p", "tidy[bot]"}
    assert seen["workflow_run.completed"]["outcome"] == "error"
    assert "outcome" not in seen["workflow_job.in_progress"]


# Inventories of AI


def test_what_is_not_high_impact_is_not_low_risk() -> None:
    tiers = {a["name"]: a.get("risk_tier") for a in rows("ai-use-cases", "actors")}
    assert (tiers["Toll judge"], tiers["Pilot rota"]) == ("high", "high")
    assert {tiers[n] for n in ("Berth drafter", "Wave forecast", "Buoy watch")} == {None}


def test_agents_of_the_customs_make_no_ai_agent() -> None:
    assert by("name", "ai-use-cases", "actors")["Gate camera"]["kind"] == "workload"


def test_an_address_for_public_inquiries_owns_nothing() -> None:
    cases = by("name", "ai-use-cases", "actors")
    assert not any("owner_id" in cases[f"Case {n}"] for n in (1, 2, 3))
    assert cases["Toll judge"]["owner_id"] == "tom.r@harbour.example"


def test_a_quarter_is_no_date() -> None:
    cases = by("name", "ai-use-cases", "actors")
    assert "activated_at" not in cases["Toll judge"]
    assert "activated_at" not in cases["Dock desk"]


# Exceptions and risks


def test_an_exception_without_a_configuration_item_is_nobodys_and_excuses_no_check() -> None:
    exceptions = by("exception_id", "servicenow-grc", "exceptions")
    assert exceptions["PER0010002"]["actor_id"] == "PER0010002"
    assert exceptions["PER0010005"]["actor_id"] == "c1" * 16, "named by its entity"
    assert all(row["item"].startswith("policy ") for row in exceptions.values())


def test_an_exception_that_was_not_approved_is_none() -> None:
    assert not {"PER0010003", "PER0010004"} & set(
        by("exception_id", "servicenow-grc", "exceptions")
    )


def test_an_exception_without_a_reason_or_a_substitute_says_so() -> None:
    row = by("exception_id", "servicenow-grc", "exceptions")["PER0010005"]
    assert not {"reason", "compensating"} & set(row)
    assert "words" not in (DATA / "servicenow-grc" / "golden.json").read_text(encoding="utf-8")


def test_retired_risks_and_those_of_a_project_are_not_those_of_an_agent() -> None:
    told = {a["actor_id"]: a.get("risk_categories") for a in rows("servicenow-grc", "actors")}
    assert told["c1" * 16] == "Legal;Operational"
    assert "c9" * 16 not in told


# Training


def test_only_a_completed_course_on_agents_trains_and_the_last_one_counts() -> None:
    people = by("actor_id", "lms-training", "actors")
    assert set(people) == {"mira.k@harbour.example", "u-17", "u-18"}
    assert people["mira.k@harbour.example"]["trained_at"].startswith("2026-03-01")
    assert people["u-18"]["trained_at"].startswith("2026-05-04")


# Workflows


def test_no_key_in_the_workflows_at_hand_does_not_prove_that_there_is_none() -> None:
    quay = by("actor_id", "github-workflows", "actors")["harbour/quay-agent"]
    assert quay["deploy_identity_type"] == "federated"
    assert not {"deploy_static_secret", "deploy_subject", "owner_id"} & set(quay)


def test_one_workflow_with_a_key_is_enough_and_a_comment_or_a_bare_permission_is_nothing() -> None:
    found = by("actor_id", "github-workflows", "actors")
    assert found["harbour/tide-agent"]["deploy_identity_type"] == "static_key"
    assert "deploy_identity_type" not in found["harbour/buoy-agent"]


# Clusters


def test_what_google_logged_of_a_cluster_among_the_logs_of_others_is_an_act_too() -> None:
    seen = [
        (e["resource"], e["effect"], e["outcome"])
        for e in rows("kubernetes-audit", "events")
        if e["file"].endswith("mixed.jsonl")
    ]
    assert ("quay/secrets/tls", "read", "denied") in seen
    assert ("quay/daemonsets.apps/d", "write", "error") in seen
    assert seen.count(("quay/pods/web-1/exec", "execute", "success")) == 2


def test_pushes_do_not_hide_the_deployments_that_the_same_webhook_got() -> None:
    seen = {e["action"]: e for e in rows("github-delivery", "events") if e["file"].endswith("mixed.jsonl")}  # fmt: skip
    assert {"push", "deployment_status.success"} <= set(seen)
    assert seen["workflow_run.completed"]["outcome"] == "error"
    assert "outcome" not in seen["workflow_job.queued"]
