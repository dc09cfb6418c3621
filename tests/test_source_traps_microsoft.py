"""Traps of Microsoft's exports: what would be a false pass if it were read without care.

Read from the golden rows of the sources, which `tests/test_sources.py` proves to be what ingest makes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data" / "sources"


def rows(source: str, table: str, **wanted: str) -> list[dict[str, Any]]:
    """Return the golden rows of a table whose columns hold the wanted values."""
    golden = json.loads((DATA / source / "golden.json").read_text(encoding="utf-8"))
    return [
        row
        for row in golden["rows"].get(table, [])
        if all(row.get(name) == value for name, value in wanted.items())
    ]


def bot(number: int) -> str:
    """Return the application id of an invented service principal."""
    return f"a0000000-0000-4000-8000-00000000000{number}"


# Access reviews


def test_what_the_system_decided_by_itself_completes_no_review() -> None:
    (review,) = rows("entra-access-reviews", "reviews", actor_id=bot(3))
    assert "completed_at" not in review
    assert rows("entra-access-reviews", "review_items", actor_id=bot(3)) == []


def test_not_reviewed_and_dont_know_are_no_decisions() -> None:
    for actor in (bot(4), "e0000000-0000-4000-8000-000000000005"):
        (review, *_) = rows("entra-access-reviews", "reviews", actor_id=actor)
        assert review["due_at"] == "2026-08-15T00:00:00"
        assert "completed_at" not in review


def test_one_instance_is_a_review_per_principal() -> None:
    reviews = rows("entra-access-reviews", "reviews")
    assert len({r["review_id"] for r in reviews}) == len(reviews)


def test_a_review_with_an_item_left_open_is_not_completed() -> None:
    (review,) = rows("entra-access-reviews", "reviews", actor_id=bot(6))
    assert "completed_at" not in review


def test_a_denied_right_that_was_not_taken_away_is_still_a_right() -> None:
    for actor in (bot(2), bot(9)):
        (item,) = rows("entra-access-reviews", "review_items", actor_id=actor)
        (grant,) = rows("entra-access-reviews", "grants", actor_id=actor)
        assert (item["decision"], item["name"]) == ("remove", grant["name"])


def test_an_older_copy_of_a_decision_does_not_reopen_the_review() -> None:
    reviews = rows("entra-access-reviews", "reviews", actor_id=bot(1))
    assert all("completed_at" in review for review in reviews)


# People


def person(number: int | str) -> str:
    """Return the object id of an invented user."""
    return f"e0000000-0000-4000-8000-0000000000{number}"


def test_a_leave_date_that_is_null_was_not_given() -> None:
    (ana,) = rows("entra-users", "actors", actor_id=person(21))
    assert ana["state"] == "active"
    assert "retired_at" not in ana


def test_who_is_disabled_has_not_left_unless_there_is_a_leave_date() -> None:
    (left,) = rows("entra-users", "actors", actor_id=person(22))
    (away,) = rows("entra-users", "actors", actor_id=person(23))
    assert (left["state"], left["retired_at"]) == ("retired", "2026-07-31T00:00:00")
    assert (away["state"], away.get("retired_at")) == ("suspended", None)


def test_a_mailbox_and_a_service_account_are_no_people() -> None:
    kinds = {r["actor_id"]: r["kind"] for r in rows("entra-users", "actors")}
    assert {kinds[person(26)], kinds[person(27)]} == {"service_account"}


def test_a_mail_address_that_others_may_share_is_no_alias() -> None:
    aliases = {r["alias"] for r in rows("entra-users", "aliases")}
    assert "guest@partner.org" not in aliases
    assert "ana@example.com" in aliases


def test_an_address_is_known_as_sign_in_logs_write_it() -> None:
    """The directory keeps capitals and the logs do not: one person was two, and one a stranger."""
    aliases = {r["alias"] for r in rows("entra-users", "aliases", actor_id=person(22))}
    assert {"Left.Early@example.com", "left.early@example.com"} <= aliases


def test_a_method_that_no_policy_allows_is_no_strong_authentication() -> None:
    (away,) = rows("entra-user-registration", "actors", actor_id=person(23))
    assert away["strong_auth"] is False


def test_an_inactive_account_of_scim_has_not_left() -> None:
    (rolf,) = rows("scim", "actors", actor_id="rolf.d@example.com")
    assert (rolf["state"], rolf.get("retired_at")) == ("suspended", None)


def test_a_counter_of_another_system_is_no_alias() -> None:
    aliases = {r["alias"] for r in rows("scim", "aliases")}
    assert not aliases & {"4711", "123456"}


# One identity under several names


def test_an_application_is_known_by_every_exact_name() -> None:
    names = {
        r["alias"]
        for source in ("entra-applications", "entra-service-principals")
        for r in rows(source, "aliases", actor_id="a0000000-0000-4000-8000-000000000071")
    }
    assert names == {
        "b0000000-0000-4000-8000-000000000071",
        "c0000000-0000-4000-8000-000000000071",
        "api://claims-agent",
        "repo:dock-example/claims:environment:prod",
        "system:serviceaccount:claims:claims-agent",
    }


def test_a_pipeline_that_several_applications_trust_is_none_of_them() -> None:
    aliases = {r["alias"] for r in rows("entra-applications", "aliases")}
    assert "repo:dock-example/infra:ref:refs/heads/main" not in aliases


# Requests and rights


def test_a_request_that_nobody_is_known_to_have_decided_is_no_approval() -> None:
    ids = {r["approval_id"] for r in rows("entra-access-requests", "approvals")}
    assert not ids & {"q3", "q4", "q5", "q6", "q7", "p2", "p3"}


def test_one_stage_of_a_denied_request_approves_nothing() -> None:
    decisions = rows("entra-access-requests", "approvals", approval_id="p1")
    assert [d["decision"] for d in decisions] == ["rejected"]


def test_an_activation_of_a_role_is_no_approval_of_an_agent_going_live() -> None:
    kinds = {r["type"] for r in rows("entra-access-requests", "approvals")}
    assert kinds == {"action", "change"}


def test_an_eligible_role_is_a_right_that_must_be_activated() -> None:
    files = {
        name: [r.get("activation") for r in rows("entra-grants", "grants", file=f"logs/{name}")]
        for name in ("pim-active.json", "pim-eligible.json", "pim-schedules.json")
    }
    assert files == {
        "pim-active.json": [False, True],
        "pim-eligible.json": [True],
        "pim-schedules.json": [True],
    }


# What the directory's audits say beside that something happened


def test_who_was_given_a_right_is_not_the_resource_it_is_for() -> None:
    changes = rows("entra-logs", "changes", file="logs/derived.json")
    actors = {r["actor_id"] for r in changes}
    assert actors == {
        "a0000000-0000-4000-8000-000000000071",
        "c0000000-0000-4000-8000-000000000071",
    }


def test_who_made_a_change_is_not_who_approved_it() -> None:
    changes = rows("entra-logs", "changes")
    assert changes
    assert not any("approved_by" in r or "approved_at" in r for r in changes)


def test_a_grant_that_is_extended_is_no_removal() -> None:
    ids = {r["change_id"] for r in rows("entra-logs", "changes")}
    assert "Directory_111" in ids
    assert "Directory_112" not in ids


def test_an_activation_changes_no_right_for_good() -> None:
    assert "Directory_117" not in {r["change_id"] for r in rows("entra-logs", "changes")}


def test_only_an_administrator_consents_for_others() -> None:
    consents = rows("entra-logs", "approvals", type="change")
    assert [r["approval_id"] for r in consents] == ["f0000000-0000-4000-8000-000000000113"]


def test_who_asks_for_an_activation_has_not_approved_it() -> None:
    (asked,) = rows("entra-logs", "approvals", decision="requested")
    (given,) = rows("entra-logs", "approvals", type="action", decision="approved")
    assert asked["requested_at"] < given["granted_at"]
    assert not {"approver_id", "granted_at"} & asked.keys()
    assert all(asked[k] == given[k] for k in ("actor_id", "scope", "requester_id"))


def test_what_failed_or_left_the_account_as_it_was_changes_no_state() -> None:
    states = rows("entra-logs", "state_changes", file="logs/derived.json")
    told = [r["state"] for r in states if r["actor_id"] == "a0000000-0000-4000-8000-000000000071"]
    assert told == ["active", "suspended", "active"]


# Alerts and incidents


def test_an_alert_that_changes_was_raised_once_and_with_its_first_row() -> None:
    alert_id = "c19a6ccd-0000-4000-8000-000000000001"
    raised = rows("microsoft-security", "alerts", alert_id=alert_id, actor_id=person(21))
    assert [r["raised_at"] for r in raised] == ["2026-08-20T10:05:00"]


def test_a_resolved_alert_or_a_closed_incident_is_not_a_contained_one() -> None:
    assert not any("acted_at" in r for r in rows("microsoft-security", "alerts"))
    assert not any("contained_at" in r for r in rows("microsoft-security", "incidents"))


def test_an_incident_is_as_its_last_row_says() -> None:
    closed = rows("microsoft-security", "incidents", incident_id="41")
    reopened = rows("microsoft-security", "incidents", incident_id="42")
    assert {r["dismissed_why"] for r in closed} == {"BenignPositive: SuspiciousButExpected"}
    assert not any("dismissed_why" in r for r in reopened)


# Microsoft 365


def test_what_copilot_does_for_a_person_is_not_done_by_the_person() -> None:
    agent = "CopilotStudio.Declarative.T_1.dock-helper"
    events = rows("m365-audit", "events", actor_id=agent)
    assert {e["on_behalf_of"] for e in events} == {"ana.k@example.com"}
    assert {e["event_class"] for e in events} == {"model", "tool", "data"}


def test_a_file_that_a_policy_kept_from_copilot_was_not_read() -> None:
    (kept,) = rows("m365-audit", "events", resource="R2", file="logs/activity.json")
    assert kept["outcome"] == "denied"


def test_no_prompt_or_answer_is_in_any_row() -> None:
    for source in ("m365-audit", "m365-copilot-ediscovery"):
        text = json.dumps(rows(source, "events"))
        assert "berth" not in text
        assert "words" not in text


def test_a_denied_membership_bears_the_name_under_which_groups_tell_it() -> None:
    (denied,) = rows("entra-access-reviews", "review_items", actor_id=person("05"))
    (group, *_) = rows("entra-groups", "grants", role="Ledger writers")
    assert denied["name"] == group["name"]


def test_the_portal_s_csv_tells_the_same_as_the_interface() -> None:
    (change,) = rows("entra-logs", "changes", file="logs/portal-audits.csv")
    (state,) = rows("entra-logs", "state_changes", file="logs/portal-audits.csv")
    assert (change["new_value"], state["state"]) == ("Files.Read.All", "retired")
    assert change["actor_id"] == state["actor_id"] != "c0000000-0000-4000-8000-000000000008"


def test_a_role_that_was_asked_for_or_refused_is_not_granted() -> None:
    seen = {e["action"]: e for e in rows("entra-logs", "events")}
    assert seen["Add member to role request denied (PIM activation)"]["outcome"] == "denied"
    assert seen["Add member to role requested (PIM activation)"]["effect"] == "write"


def test_what_somebody_takes_for_himself_is_a_grant() -> None:
    (event,) = (
        e for e in rows("entra-logs", "events") if e["action"].startswith("User has elevated")
    )
    assert (event["effect"], event["outcome"]) == ("grant", "success")


def test_a_list_that_was_changed_is_not_read() -> None:
    seen = {e["action"]: e for e in rows("m365-audit", "events")}
    assert {seen[a]["effect"] for a in ("ListItemCreated", "ListUpdated")} == {"write"}
    assert seen["SharingInvitationBlocked"]["outcome"] == "denied"
