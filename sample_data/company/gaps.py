"""What is wrong in the register: each gap as a change to a governed record, and what the quarter
brought.

In: an agent of cast.py and a quarter. Out: its record as the sample has it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from company.cast import Agent, Quarter, mail
from company.controls import approved_whole, area
from company.register import RISKS, Record, day, governed, granted, iso, review
from company.traffic import NEW_TOOLS

PAUSES: dict[str, tuple[str, str, str]] = {
    "agt-weather-watch": ("suspended", "2026-07-20T09:00:00Z", "2026-08-03T09:00:00Z"),
    "agt-yard-camera": ("suspended", "2026-07-20T09:00:00Z", "2026-08-03T09:00:00Z"),
    "agt-night-reorder": ("suspended", "2026-08-10T09:00:00Z", ""),
    "agt-legacy-quoter": ("retired", "2026-07-15T16:00:00Z", ""),
}
"""Agent -> state entered in the third quarter, when, and when it was left."""


def agent_record(agent: Agent, quarter: Quarter) -> Record:
    """Return the register record of an agent, with its gaps and with what happened to it."""
    record = governed(agent, quarter)
    for gap in agent.gaps:
        GAPS[gap](record, agent, quarter)
    if not record.pop("unseen", False):
        record["approved_snapshot"] = approved_whole(record)
    record |= agent.over
    if quarter.id == "2026-q2":
        record["policy_version"] = "1.0"
    elif agent.id in NEW_TOOLS:
        _add_tool(record, agent)
    if quarter.id == "2026-q3" and agent.id in PAUSES:
        _add_pause(record, agent)
    return {k: v for k, v in record.items() if v is not None}


def _add_tool(record: Record, agent: Agent) -> None:
    spec, approved, _ = NEW_TOOLS[agent.id]
    name, effect, prefix, classification = spec.split("|")
    when = f"{approved}T09:00:00Z"
    why = {
        "justification": f"{name} on {prefix}",
        "risk_category": RISKS[agent.unit],
        "granted_at": when,
        "approved_at": when,
    }
    record["tools"].append(
        {
            "name": name,
            "effect": effect,
            "reversible": True,
            "needs_approval": False,
            "domain": area(prefix),
            "outbound": False,
            **why,
        }
    )
    record["data_sources"].append(
        {
            "name": f"{prefix}/*",
            "classification": classification,
            "domain": area(prefix),
            "mode": "both",
            "untrusted": False,
            **why,
        }
    )
    record["entitlements"].append(
        {
            "name": f"{prefix}/*",
            "action": name,
            "role": f"{agent.short}-{effect}",
            "effect": effect,
            "privileged": False,
            **why,
        }
    )
    for item in (("tool", name), ("data", f"{prefix}/*"), ("entitlement", f"{prefix}/*")):
        record["reviews"][-1]["items"].append(
            {"type": item[0], "name": item[1], "decision": "keep"}
        )


def _add_pause(record: Record, agent: Agent) -> None:
    """Leave the active state; the camera came back with an approval, the weather agent without."""
    state, begin, end = PAUSES[agent.id]
    record["state_changes"][-1]["until_at"] = begin
    record["state_changes"].append({"state": state, "from_at": begin})
    if end:
        record["state_changes"][-1]["until_at"] = end
        record["state_changes"].append({"state": "active", "from_at": end})
    if agent.id == "agt-yard-camera":
        record["approvals"] = [
            {
                "approval_id": "apr-q3-camera",
                "type": "reactivation",
                "scope": "*",
                "requester_id": mail("yusuf.brandt"),
                "approver_id": mail("noor.haddadin"),
                "granted_at": "2026-08-02T15:00:00Z",
            }
        ]


def _set(**fields: Any) -> Callable[[Record, Agent, Quarter], None]:
    def change(record: Record, agent: Agent, quarter: Quarter) -> None:
        record.update(fields)

    return change


def _first(part: str, **fields: Any) -> Callable[[Record, Agent, Quarter], None]:
    def change(record: Record, agent: Agent, quarter: Quarter) -> None:
        record[part][0].update(fields)

    return change


def _no_expiry(record: Record, agent: Agent, quarter: Quarter) -> None:
    issued = iso(max(day(agent.since) + timedelta(days=3), quarter.end - timedelta(days=410)))
    record["credentials"][0].update(
        issued_at=issued, expires_at=None, last_rotated_at=issued, rotation_days=90
    )


def _stale(record: Record, agent: Agent, quarter: Quarter) -> None:
    record["updated_at"] = iso(quarter.end - timedelta(days=190))


def _no_kill_test(record: Record, agent: Agent, quarter: Quarter) -> None:
    record["kill_switch_tested_at"] = iso(quarter.end - timedelta(days=320))


def _no_justification(record: Record, agent: Agent, quarter: Quarter) -> None:
    for grant in (*record["tools"], *record["data_sources"]):
        grant["justification"] = ""


def _no_risk(record: Record, agent: Agent, quarter: Quarter) -> None:
    record["risk_categories"] = None
    for grant in (*record["tools"], *record["data_sources"], *record["entitlements"]):
        grant["risk_category"] = ""


def _no_approval_rule(record: Record, agent: Agent, quarter: Quarter) -> None:
    for tool in record["tools"]:
        tool["needs_approval"] = False


def _unpinned(record: Record, agent: Agent, quarter: Quarter) -> None:
    record["components"][0].update(
        component_id="halden/fjord-large-latest",
        version="fjord-large-latest",
        pinned=False,
        hash="",
    )


def _old_model_review(record: Record, agent: Agent, quarter: Quarter) -> None:
    """Nobody has looked at its model for more than half a year."""
    record["components"][0]["reviewed_at"] = iso(quarter.end - timedelta(days=200))


def _overdue(record: Record, agent: Agent, quarter: Quarter) -> None:
    """The last review is long ago; the next one was due in the third week and never happened."""
    due = quarter.begin + timedelta(days=19)
    record["reviews"] = [
        review(agent, quarter, "a", due - timedelta(days=95), due - timedelta(days=185)),
        {"review_id": f"rev-{agent.short}-{quarter.id[-2:]}-open", "due_at": iso(due)},
    ]


def _admin(record: Record, agent: Agent, quarter: Quarter) -> None:
    record["entitlements"].append(
        {
            "name": "*",
            "action": "*",
            "role": "AdministratorAccess",
            "effect": "admin",
            "privileged": True,
            "justification": "set up in a hurry",
            "risk_category": "",
            "granted_at": granted(agent),
            "approved_at": "",
        }
    )


def _deploys_itself(record: Record, agent: Agent, quarter: Quarter) -> None:
    record["entitlements"].append(
        {
            "name": f"deployments/{agent.id}",
            "action": "deployments.update",
            "role": f"{agent.short}-deploy",
            "effect": "write",
            "privileged": False,
            "justification": "restarts itself after an update",
            "risk_category": "",
            "granted_at": granted(agent),
            "approved_at": granted(agent),
        }
    )


def _late_approval(record: Record, agent: Agent, quarter: Quarter) -> None:
    """It acted from the 18th; the record was made on the 24th and approved on the 28th."""
    record["approved_at"] = iso(day(agent.since) + timedelta(days=4))
    record.update(risk_mapped_at=None, risk_signed_off_by=None, risk_signed_off_at=None)
    record["activated_at"] = iso(day("2026-08-18", 8))


def _one_sided(record: Record, agent: Agent, quarter: Quarter) -> None:
    record["links"] = [
        {
            "peer_id": "agt-dock-scheduler",
            "protocol": "a2a/0.3",
            "authenticated": True,
            "encrypted": True,
            "signed": False,
        }
    ]


def _expired(record: Record, agent: Agent, quarter: Quarter) -> None:
    record["credentials"][0].update(
        issued_at="2025-08-31T08:00:00Z",
        expires_at="2026-08-31T08:00:00Z",
        last_rotated_at="2025-08-31T08:00:00Z",
    )


def _revoked(record: Record, agent: Agent, quarter: Quarter) -> None:
    """The old key was revoked on 1 August and replaced; something still tries it."""
    old = record["credentials"][0]
    record["credentials"].append(
        old
        | {
            "credential_id": f"key-{agent.short}-old",
            "issued_at": "2026-05-10T08:00:00Z",
            "last_rotated_at": "2026-05-10T08:00:00Z",
            "expires_at": "2026-08-08T08:00:00Z",
            "revoked_at": "2026-08-01T08:00:00Z",
        }
    )
    old.update(
        issued_at="2026-08-20T08:00:00Z",
        last_rotated_at="2026-08-20T08:00:00Z",
        expires_at="2026-11-12T08:00:00Z",
    )


def _kept_key(record: Record, agent: Agent, quarter: Quarter) -> None:
    """The key that the leaver knew has not been rotated since."""
    record["owner_confirmed_at"] = "2026-01-20T09:00:00Z"
    record["credentials"][0].update(
        issued_at="2026-06-20T08:00:00Z",
        last_rotated_at="2026-06-20T08:00:00Z",
        expires_at="2026-12-20T08:00:00Z",
        rotation_days=180,
    )


def _child(record: Record, agent: Agent, quarter: Quarter) -> None:
    record.update(parent_id="agt-border-desk", expires_at=iso(quarter.end + timedelta(days=3)))


def _group_approver(record: Record, agent: Agent, quarter: Quarter) -> None:
    """The group that approves what it runs is the group it belongs to."""
    record["entitlements"][-1]["role"] = mail("it-soc")


def _clean_end(record: Record, agent: Agent, quarter: Quarter) -> None:
    """Retired in June, on one day, with all it had."""
    end = "2026-06-12T10:00:00Z"
    record["credentials"][0]["revoked_at"] = end
    for part in ("tools", "data_sources", "entitlements", "destinations", "contexts", "components"):
        record[part] = []
    record["state_changes"][-1]["until_at"] = end
    record["state_changes"].append({"state": "retired", "from_at": end})
    record.update(state="retired", state_since=end, retired_at=end)
    record["memory_disposition"] = "deleted on 2026-06-12, ticket CHG-4471"


def _half_end(record: Record, agent: Agent, quarter: Quarter) -> None:
    """The link to the quoter and what it had learned stayed."""
    record["links"] = [
        {
            "peer_id": "agt-rate-quoter",
            "protocol": "a2a/1.0",
            "authenticated": True,
            "encrypted": True,
            "signed": False,
        }
    ]
    record["memory_scope"] = "agent"


def _kept_right(record: Record, agent: Agent, quarter: Quarter) -> None:
    """The review decided to take a tool away, and nobody did."""
    for item in record["reviews"][-1]["items"]:
        if item["name"] == "feeds.subscribe":
            item["decision"] = "remove"


def _taken_right(record: Record, agent: Agent, quarter: Quarter) -> None:
    """The review before the last decided to take the administrator's role away."""
    record["reviews"][0]["items"].append({"type": "entitlement", "name": "*", "decision": "remove"})


def _reviewed_after(record: Record, agent: Agent, quarter: Quarter) -> None:
    """The last review did not wait for the calendar: an incident set it off."""
    record["reviews"][-1]["trigger"] = "inc-2026-027"


def _nothing(record: Record, agent: Agent, quarter: Quarter) -> None:
    """The fault shows in the principal or in the log."""


GAPS: dict[str, Callable[[Record, Agent, Quarter], None]] = {
    "admin": _admin,
    "child": _child,
    "code-secret": _first("credentials", storage="code", type="password"),
    "deploys-itself": _deploys_itself,
    "env-secret": _first("credentials", storage="env"),
    "expired-key": _expired,
    "gateway-identity": _nothing,
    "kept-key": _kept_key,
    "late-approval": _late_approval,
    "no-approval-rule": _no_approval_rule,
    "no-end": _set(expires_at=None),
    "no-expiry": _no_expiry,
    "no-justification": _no_justification,
    "no-kill-test": _no_kill_test,
    "no-log": _set(log_sources=[]),
    "no-owner": _set(owner_id=None, owner_confirmed_at=None),
    "no-review": _set(reviews=[]),
    "no-risk": _no_risk,
    "no-sandbox": _set(
        sandbox_type="none",
        sandbox_root=True,
        sandbox_network="open",
        sandbox_fs="full",
        sandbox_per_session=False,
    ),
    "old-model-review": _old_model_review,
    "one-sided-link": _one_sided,
    "open-default": _set(default_policy="allow"),
    "overdue-review": _overdue,
    "person-identity": _set(principal_type="user"),
    "prompt-only": _set(enforcement_point="prompt"),
    "revoked-key": _revoked,
    "rotated-key": _first(
        "credentials",
        issued_at="2026-07-30T00:00:00Z",
        expires_at="2026-10-25T00:00:00Z",
        readers=";".join(map(mail, ("dario.nwosu", "theo.marchetti"))),
    ),
    "same-identity": _nothing,
    "clean-end": _clean_end,
    "group-approver": _group_approver,
    "half-end": _half_end,
    "kept-right": _kept_right,
    "taken-right": _taken_right,
    "scan-finding": _set(secret_findings_open=3),
    "tight-limit": _set(max_calls_per_minute=10),
    "no-limits": _set(max_calls_per_minute=None, max_cost_per_day=None, max_steps=None),
    "no-channel": _set(report_channel=None),
    "no-stop": _set(kill_switch=None, kill_switch_owner=None),
    "never-tested": _set(tested_at=None, test_evidence=None),
    "local-issuer": _set(identity_issuer="user list of the transport system"),
    "reviewed-after": _reviewed_after,
    "shared-memory": _set(
        memory_scope="shared",
        memory_ttl_days=None,
        memory_sources="any ticket",
        memory_write_check=False,
        memory_readers=None,
    ),
    "shared-principal": _set(principal_type="service_account"),
    "stale-record": _stale,
    "static-deploy": _set(
        deploy_identity_type="static_key", deploy_subject="", deploy_static_secret=True
    ),
    "under-tiered": _set(risk_tier="low"),
    "unpinned": _unpinned,
    "vague": _set(process_id=None),
    "vendor-hosted": _set(
        vendor_hosted=True,
        unseen=True,
        identity_issuer="portal vendor",
        tested_at=None,
        test_evidence=None,
        contexts=None,
        enforcement_point="",
        default_policy="",
        deploy_identity_type="",
        deploy_subject="",
        deploy_static_secret=None,
        kill_switch_tested_at=None,
        kill_switch_minutes=None,
    ),
    "wrong-policy": _set(policy_id="AGP-OPS"),
}
