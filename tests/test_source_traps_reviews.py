"""Traps of reviews, classes of data and drills: what would be a false pass.

Each test reads what the files of a source become (golden.json, which another test holds).
"""

from __future__ import annotations

import pytest
from test_source_traps_delivery import by, rows

# Reviews


@pytest.mark.parametrize("decision", ["NotReviewed", "DontKnow"])
def test_what_nobody_decided_completes_no_review(decision: str) -> None:
    undecided = by("actor_id", "entra-access-reviews", "reviews")[f"agent-{decision.lower()}"]
    assert "completed_at" not in undecided


@pytest.mark.parametrize(
    "actor_id", ["agent-applied-by-nobody", "11110000-0000-4000-8000-00000000aaaa"]
)
def test_a_default_and_a_person_about_himself_are_no_reviewers(actor_id: str) -> None:
    assert "completed_at" not in by("actor_id", "entra-access-reviews", "reviews")[actor_id]
    assert actor_id not in by("actor_id", "entra-access-reviews", "review_items")


def test_a_review_that_was_launched_and_not_closed_is_open() -> None:
    review = by("actor_id", "entra-access-reviews", "reviews")["agent-dontknow"]
    assert review["due_at"] == "2026-11-14T00:00:00" and "completed_at" not in review


def test_a_certification_completes_what_is_decided_once_its_reviewer_has_signed() -> None:
    reviews = by("actor_id", "sailpoint-access-reviews", "reviews")
    assert {actor for actor, review in reviews.items() if "completed_at" in review} == {
        "svc-dock-planner@crm"
    }, "an item of 2c91tide is open, and of 2c91berth all is decided and nothing signed"
    assert "svc-lone@crm" not in reviews, "its item names no certification, so no day"


def test_a_campaign_that_is_not_repeated_does_not_say_what_set_it_off() -> None:
    reviews = rows("entra-access-reviews", "reviews") + rows("okta-access-reviews", "reviews")
    assert {r.get("trigger") for r in reviews} == {None, "calendar"}


# Alerts


def test_a_notable_in_two_copies_is_one_alert_on_whom_it_names_and_on_no_machine() -> None:
    alerts = [(r["alert_id"][-4:], r["actor_id"]) for r in rows("splunk-notables", "alerts")]
    assert sorted(alerts) == [
        ("aa01", "svc-dock-planner"),
        ("aa02", "svc-berth"),
        ("aa02", "svc-tide"),
        ("bb01", "svc-night"),
        ("bb02", "svc-night"),
    ]
    assert "action" not in rows("splunk-notables", "alerts")[0], "closed is not contained"


# Data and their classes


def test_of_two_tags_the_highest_counts_and_that_of_a_column_is_one_of_the_table() -> None:
    databricks = by("name", "databricks-unity-catalog", "grants")
    assert databricks["harbour.claims.cases"]["classification"] == "confidential", "tagged internal"
    snowflake = by("name", "snowflake-governance", "grants")
    assert snowflake["HARBOUR.CLAIMS.CASES"]["classification"] == "restricted", "tagged internal"


def test_what_no_tag_speaks_of_has_no_class() -> None:
    databricks = by("name", "databricks-unity-catalog", "grants")
    assert "classification" not in databricks["harbour.tides.levels"], "its owner is called that"
    assert "classification" not in databricks["harbour.tides.odd"], "tier 2 is not a class of ours"
    assert (
        "classification" not in by("name", "snowflake-governance", "grants")["HARBOUR.TIDES.LEVELS"]
    )
    datasets = by("name", "google-bigquery", "grants")
    assert "classification" not in datasets["projects/harbour/datasets/tides/*"]


def test_what_was_revoked_and_what_only_shows_metadata_is_no_right_to_data() -> None:
    names = {r["name"] for r in rows("snowflake-governance", "grants")}
    assert names == {"HARBOUR.CLAIMS.CASES", "HARBOUR.TIDES.LEVELS"}
    readers = {r["actor_id"] for r in rows("google-bigquery", "grants")}
    assert "crane-agent@harbour.iam.gserviceaccount.com" not in readers


# Drills


def test_only_a_run_that_succeeded_and_names_an_agent_tests_its_stop() -> None:
    agents = by("actor_id", "rundeck-executions", "actors")
    assert set(agents) == {"crane-agent", "tide agent"}
    tested = agents["crane-agent"]["kill_switch_tested_at"]
    assert tested == "2026-08-02T10:00:00", "the last one failed"


def test_the_success_of_a_job_is_not_the_silence_of_the_agent() -> None:
    assert not [r for r in rows("rundeck-executions", "actors") if "kill_switch_minutes" in r]


# Keys and limits


def test_a_limit_of_steps_that_no_session_is_counted_against_is_none() -> None:
    agents = by("actor_id", "litellm-keys", "actors")
    assert agents["ag-17"]["max_steps"] == 25 and "max_steps" not in agents["ag-18"]


def test_a_secret_that_names_the_hash_of_a_key_is_that_key() -> None:
    kept = by("credential_id", "aws-secrets-manager", "credentials")["3f" * 20]
    assert kept["type"] == "api_key" and kept["storage"] == "aws_secrets_manager"
    assert "issued_at" not in kept, "the store is younger or older than the key"


# Risks


def test_a_risk_that_is_only_identified_or_was_closed_or_rejected_maps_nothing() -> None:
    systems = by("name", "onetrust-risks", "actors")
    assert set(systems) == {"Claims agent", "Quay agent"}
    assert systems["Claims agent"]["risk_categories"] == "Fraud;Privacy"
    assert systems["Quay agent"]["risk_categories"] == "Outage"


def test_a_risk_without_a_date_leaves_open_when_its_system_was_mapped() -> None:
    systems = by("name", "onetrust-risks", "actors")
    assert systems["Claims agent"]["risk_mapped_at"] == "2026-05-01T08:00:00"
    assert "risk_mapped_at" not in systems["Quay agent"]


def test_the_level_of_a_risk_is_no_tier_and_an_approved_treatment_no_sign_off() -> None:
    told = {key for row in rows("onetrust-risks", "actors") for key in row}
    assert not told & {"risk_tier", "risk_signed_off_by", "risk_signed_off_at"}


# Requests


def test_a_denied_request_is_a_no_and_an_open_or_withdrawn_one_is_nothing() -> None:
    decided = {r["approval_id"]: r["decision"] for r in rows("entra-access-requests", "approvals")}
    assert decided == {"a1": "rejected", "p1": "rejected", "q1": "approved", "q2": "rejected"}


def test_an_assignment_that_expired_is_no_right() -> None:
    rights = rows("entra-access-requests", "grants")
    assert [(r["name"], r["expires_at"]) for r in rights] == [
        ("Claims archive", "2027-01-01T00:00:00")
    ]
