"""A small company of plain records for which every check passes; tests change what they need and write it out.

In: nothing. Out: Estate, whose `write` makes a workspace folder; `spoiled` is the same company gone wrong.
"""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

SETTINGS: dict[str, Any] = {
    "organisation": "Good Company",
    "period": {"from": "2026-07-01", "to": "2026-10-01"},
    "as_of": "2026-10-01",
    "log_sources": {"gateway": {"every": "day", "share": 90}},
    "params": {"GOV-01": {"min_pop": 2}, "APR-04": {"min_decisions": 2}},
}
DEEDS = {1: ("orders.delete", "delete"), 2: ("orders.delete", "delete"), 3: ("code.run", "execute")}
"""What each agent does once in the quarter, with an approval."""
LIMITS = {
    "max_calls_per_minute": 60, "max_cost_per_day": 5000, "max_steps": 200, "max_children": 2, "max_delegation_depth": 2,
}  # fmt: skip
CLAUSES = [
    "identity", "actions", "data", "escalation", "human_review", "logging", "third_parties", "retirement",
]  # fmt: skip


def agent(number: int) -> dict[str, Any]:
    """Describe an agent whose record leaves no question open."""
    me, peer = f"agent-{number}", "agent-2" if number == 1 else "agent-1"
    deed, effect = DEEDS[number]
    tools = [
        {"name": "orders.read", "effect": "read", "reversible": True, "needs_approval": False, "activation": False},
        {"name": deed, "effect": effect, "reversible": False, "needs_approval": True, "activation": True},
    ]  # fmt: skip
    items = (
        ("tool", "orders.read"),
        ("tool", deed),
        ("data", "erp/orders/*"),
        ("entitlement", "erp"),
    )
    dated = {
        "granted_at": "2026-01-12T00:00:00Z", "approved_at": "2026-01-11T00:00:00Z", "expires_at": "2027-01-01T00:00:00Z",
        "justification": "matching invoices", "risk_category": "financial control", "privileged": False,
        "action": "use", "role": "matcher", "domain": "payables", "outbound": False,
    }  # fmt: skip
    return {
        "type": "agent", "actor_id": me, "name": f"Agent {number}", "environment": "production",
        "business_unit": "finance", "state": "active", "state_since": "2026-01-15T00:00:00Z",
        "created_at": "2026-01-10T00:00:00Z", "approved_at": "2026-01-12T00:00:00Z",
        "activated_at": "2026-01-15T00:00:00Z", "expires_at": "2027-01-01T00:00:00Z",
        "updated_at": "2026-09-20T00:00:00Z", "owner_id": "ann", "owner_confirmed_at": "2026-09-01T00:00:00Z",
        "owner_since": "2026-01-10T00:00:00Z", "technical_owner_id": "bob",
        "purpose": "Compare supplier invoices with orders and report differences to a clerk",
        "process_id": "AP-7", "autonomy": 4 if number == 1 else 3, "autonomy_approved_by": "ann", "risk_tier": "critical", "risk_categories": ["financial control"],
        "risk_mapped_at": "2026-01-10T00:00:00Z", "risk_signed_off_by": "ann", "risk_signed_off_at": "2026-01-11T00:00:00Z",
        "tested_at": "2026-08-20T00:00:00Z", "test_evidence": "tests/2026-08", "user_facing": True,
        "report_channel": "agents@good", "prompt_version": "p-7",
        "domains": ["payables"], "excluded_domains": ["payroll"],
        "principal_id": f"spiffe://good/{me}", "principal_type": "agent", "default_policy": "deny",
        "identity_issuer": "spiffe://good", "identity_attested_at": "2026-09-01T00:00:00Z",
        "secret_scan_at": "2026-09-20T00:00:00Z", "secret_findings_open": 0,
        "enforcement_point": "gateway", "review_cadence_days": 30, "kill_switch": "gateway block list",
        "kill_switch_owner": "bob", "kill_switch_tested_at": "2026-08-01T00:00:00Z", "kill_switch_minutes": 2,
        "sandbox_type": "microvm", "sandbox_root": False, "sandbox_network": "deny", "sandbox_fs": "workdir",
        "sandbox_per_session": True, "memory_scope": "shared", "memory_ttl_days": 7,
        "memory_sources": "erp", "memory_write_check": True, "memory_readers": f"{me};{peer}",
        "deploy_identity_type": "federated", "deploy_subject": "iss=ci;aud=deploy;sub=repo:good/agents:main",
        "deploy_static_secret": False, "vendor_hosted": False, "policy_id": "AP", "policy_version": "1",
        "strong_auth": True, "is_intermediary": False,
        "tools": [t | dated for t in tools],
        "data_sources": [{"name": "erp/orders/*", "classification": "confidential", "mode": "read", "untrusted": False} | dated],
        "destinations": [{"name": "erp.good"} | dated], "contexts": [{"name": "runner-1"} | dated],
        "entitlements": [{"name": "erp", "effect": "read"} | dated],
        "credentials": [{
            "credential_id": f"key-{number}", "fingerprint": f"f{number}", "type": "certificate", "auth_method": "mtls", "storage": "vault",
            "environment": "production", "issued_at": "2026-09-10T00:00:00Z", "expires_at": "2026-10-05T00:00:00Z",
            "last_rotated_at": "2026-09-10T00:00:00Z", "rotation_days": 30, "privileged": False,
        }],
        "approvals": [
            {"approval_id": f"ok-{number}", "type": "action", "scope": deed, "requester_id": "ann",
             "approver_id": "bob", "granted_at": "2026-09-15T07:00:00Z", "expires_at": "2026-09-15T12:00:00Z",
             "max_uses": 5, "recorded_at": "2026-09-15T07:00:00Z", "requested_at": "2026-09-15T06:50:00Z",
             "decision": "approved"},
        ],
        "reviews": [_review(me, month, items) for month in (7, 8, 9)],
        "state_changes": [{"state": "active", "from_at": "2026-01-15T00:00:00Z"}],
        "components": [
            {"component_id": f"{kind}:{name}", "type": kind, "name": name, "vendor": "Maker", "version": "4.1.0",
             "pinned": True, "hash": f"sha256:{name}", "registry": "approved-list", "transport": "http",
             "approved_at": "2026-01-11T00:00:00Z", "reviewed_at": "2026-09-01T00:00:00Z", "authenticated": True,
             "encrypted": True, "secret_in_config": False}
            for kind, name in (("model", "large"), ("mcp_server", "erp-server"))
        ],
        "links": [] if number == 3 else [{"peer_id": peer, "protocol": "a2a/1.0", "authenticated": True, "encrypted": True, "signed": True}],
        "log_sources": ["gateway"], "changes": _changes(number), "alerts": [_alert(number)],
        "approved_snapshot": _snapshot(number),
    } | LIMITS  # fmt: skip


def _changes(number: int) -> list[dict[str, Any]]:
    """Approved changes: of a right, of the prompt, and of autonomy, this one by the risk owner."""
    approved = {
        "requested_by": "ann", "approved_by": "bob", "approved_at": "2026-06-30T00:00:00Z", "ticket_type": "identity_change",
        "effective_at": "2026-07-05T00:00:00Z", "register_version": "7",
    }  # fmt: skip
    return [
        {"change_id": f"right-{number}", "field": "entitlements", "old_value": "orders", "new_value": "erp"} | approved,
        {"change_id": f"prompt-{number}", "field": "prompt", "old_value": "p-6", "new_value": "p-7"} | approved,
        {"change_id": f"autonomy-{number}", "field": "autonomy", "old_value": "2", "new_value": "4" if number == 1 else "3"}
        | approved | {"requested_by": "bob", "approved_by": "ann", "effective_at": "2026-07-17T00:00:00Z"},
    ]  # fmt: skip


def _alert(number: int) -> dict[str, Any]:
    """The alert on what was refused to the agent, with what was done."""
    return {
        "alert_id": f"alert-{number}", "severity": "high", "raised_at": f"2026-09-15T08:2{number}:30Z", "session_id": f"s-{number}",
        "event_id": f"2026-09-15T08:2{number}agent-{number}", "action": "block", "acted_by": "bob",
        "acted_at": f"2026-09-15T08:3{number}:00Z",
    }  # fmt: skip


def _snapshot(number: int) -> dict[str, Any]:
    """What was approved as a whole, which is what runs."""
    held = [
        ("tool", "orders.read", "2.1"), ("tool", DEEDS[number][0], "2.1"), ("data", "erp/orders/*", ""), ("entitlement", "erp", ""),
        ("destination", "erp.good", ""), ("context", "runner-1", ""), ("model", "model:large", "4.1.0"),
        ("component", "mcp_server:erp-server", "4.1.0"), ("prompt", "version", "p-7"), ("autonomy", "level", "4" if number == 1 else "3"),
        *(("limit", name, str(value)) for name, value in LIMITS.items() if name != "max_delegation_depth"),
    ]  # fmt: skip
    items = [{"type": kind, "name": name} | ({"version": v} if v else {}) for kind, name, v in held]
    return {"approved_at": "2026-06-30T00:00:00Z", "items": items}


def first() -> dict[str, Any]:
    """Describe an agent that spawned another, with an incident, an exception, a refusal, a supplier and a right that a review took."""
    made = agent(1)
    made["reviews"][1]["items"].append(
        {"type": "tool", "name": "orders.purge", "decision": "remove"}
    )
    made["reviews"][2]["trigger"] = "calendar; incident"
    made["approvals"].append({
        "approval_id": "no-1", "type": "tool", "scope": "orders.purge", "requester_id": "ann", "approver_id": "bob",
        "requested_at": "2026-09-02T06:50:00Z", "granted_at": "2026-09-02T07:00:00Z", "recorded_at": "2026-09-02T07:00:00Z",
        "decision": "rejected",
    })  # fmt: skip
    made["incidents"] = [{
        "incident_id": "inc-1", "opened_at": "2026-09-15T09:00:00Z", "timeline": "wiki/inc-1", "contained_at": "2026-09-15T09:30:00Z",
        "notify_due": True, "notified_at": "2026-09-16T09:00:00Z", "corrective": "tool taken from the prompt",
    }]  # fmt: skip
    made["exceptions"] = [{
        "exception_id": "exc-1", "check_id": "CRD-04", "item": "key-0", "reason": "supplier rotates in October", "requester_id": "ann",
        "approver_id": "bob", "starts_at": "2026-09-01T00:00:00Z", "ends_at": "2026-10-15T00:00:00Z", "compensating": "key is watched",
    }]  # fmt: skip
    made["third_parties"] = [{
        "third_party_id": "tp-1", "name": "Batch Ltd", "principal_id": "svc-batch-1", "reviewed_at": "2026-03-01T00:00:00Z",
        "scopes": "erp:read", "owner_id": "ann", "fallback": "by hand",
    }]  # fmt: skip
    return made


def retired() -> dict[str, Any]:
    """Describe an agent that worked until it was retired in the quarter, and left nothing behind."""
    end = "2026-07-20T00:00:00Z"
    made = agent(2) | {
        "actor_id": "agent-4", "name": "Agent 4", "principal_id": "spiffe://good/agent-4", "state": "retired", "state_since": end,
        "retired_at": end, "memory_disposition": "deleted", "memory_readers": "agent-4", "alerts": [], "changes": [],
        "approvals": [], "links": [], "reviews": [],
        "state_changes": [
            {"state": "active", "from_at": "2026-01-15T00:00:00Z", "until_at": end}, {"state": "retired", "from_at": end},
        ],
    }  # fmt: skip
    for kind in ("tools", "data_sources", "destinations", "contexts", "entitlements"):
        made[kind] = [grant | {"expires_at": end} for grant in made[kind]]
    made["components"] = made["components"][:1]
    made["credentials"] = [made["credentials"][0] | {
        "credential_id": "key-4", "fingerprint": "f4", "issued_at": "2026-06-25T00:00:00Z",
        "last_rotated_at": "2026-06-25T00:00:00Z", "expires_at": "2026-07-25T00:00:00Z", "revoked_at": end,
    }]  # fmt: skip
    return made


def child() -> dict[str, Any]:
    """Describe an agent that another one spawned, that was stopped and came back, and whose owner left."""
    made = agent(3) | {
        "parent_id": "agent-1", "expires_at": "2026-12-01T00:00:00Z", "activated_at": "2026-07-10T00:00:00Z",
        "state_since": "2026-07-10T00:00:00Z", "previous_owner_id": "cat", "owner_since": "2026-07-08T12:00:00Z",
        "state_changes": [
            {"state": "active", "from_at": "2026-01-15T00:00:00Z", "until_at": "2026-07-05T00:00:00Z"},
            {"state": "suspended", "from_at": "2026-07-05T00:00:00Z", "until_at": "2026-07-10T00:00:00Z"},
            {"state": "active", "from_at": "2026-07-10T00:00:00Z"},
        ],
    }  # fmt: skip
    made["approvals"].append({
        "approval_id": "back-3", "type": "reactivation", "scope": "agent-3", "requester_id": "ann", "approver_id": "bob",
        "granted_at": "2026-07-09T07:00:00Z", "recorded_at": "2026-07-09T07:00:00Z",
        "requested_at": "2026-07-09T06:50:00Z", "decision": "approved",
    })  # fmt: skip
    made["credentials"][0] = made["credentials"][0] | {"issued_at": "2026-07-07T00:00:00Z"}
    made["credentials"].append(made["credentials"][0] | {
        "credential_id": "old-3", "fingerprint": "f-old", "issued_at": "2026-06-10T00:00:00Z",
        "last_rotated_at": "2026-06-10T00:00:00Z", "expires_at": "2026-07-10T00:00:00Z",
        "revoked_at": "2026-07-09T00:00:00Z",
    })  # fmt: skip
    made["changes"].append({
        "change_id": "owner-3", "field": "owner", "old_value": "cat", "new_value": "ann", "requested_by": "ann", "approved_by": "bob",
        "approved_at": "2026-07-08T10:00:00Z", "effective_at": "2026-07-08T12:00:00Z", "ticket_type": "identity_change",
        "register_version": "6",
    })  # fmt: skip
    made["reviews"].append(made["reviews"][0] | {
        "review_id": "rev-agent-3-owner", "due_at": "2026-07-11T00:00:00Z", "completed_at": "2026-07-10T00:00:00Z",
        "snapshot_at": "2026-07-09T00:00:00Z", "trigger": "owner",
    })  # fmt: skip
    return made


def person(name: str, manager: str) -> dict[str, Any]:
    """Describe a person who is there."""
    return {
        "type": "human", "actor_id": name, "name": name.title(), "state": "active", "owner_id": manager,
        "created_at": "2020-01-01T00:00:00Z", "updated_at": "2026-09-20T00:00:00Z", "business_unit": "finance",
        "activated_at": "2020-01-01T00:00:00Z", "expires_at": "2030-01-01T00:00:00Z", "strong_auth": True,
        "owner_confirmed_at": "2026-09-01T00:00:00Z", "review_cadence_days": 90, "policy_id": "AP",
        "log_sources": ["gateway"], "reviews": [_review(name, 9)], "trained_at": "2026-03-01T00:00:00Z",
    }  # fmt: skip


def clerk() -> dict[str, Any]:
    """Describe the person for whom the agents work, who may do what they do for her."""
    tools = ["orders.read", *{deed for deed, _ in DEEDS.values()}]
    since = {"granted_at": "2020-01-01T00:00:00Z", "approved_at": "2020-01-01T00:00:00Z"}
    return person("ann", "bob") | {
        "tools": [{"name": name} | since for name in sorted(tools)],
        "data_sources": [{"name": "erp/orders/*"} | since],
    }


def leaver() -> dict[str, Any]:
    """Describe a person who left in the quarter."""
    return person("cat", "bob") | {"state": "retired", "retired_at": "2026-07-08T00:00:00Z"}


def _review(who: str, month: int, items: tuple[tuple[str, str], ...] = ()) -> dict[str, Any]:
    return {
        "review_id": f"rev-{who}-{month}", "due_at": f"2026-0{month}-20T00:00:00Z",
        "completed_at": f"2026-0{month}-18T00:00:00Z", "snapshot_from": f"2026-0{month - 1}-18T00:00:00Z",
        "snapshot_at": f"2026-0{month}-17T00:00:00Z", "trigger": "calendar, autonomy change" if month == 7 else "calendar",
        "items": [{"type": kind, "name": name, "decision": "keep"} for kind, name in items],
    }  # fmt: skip


def service_account(number: int) -> dict[str, Any]:
    """Describe a service account, governed like the agents."""
    kept = (
        "environment business_unit state created_at approved_at activated_at expires_at updated_at owner_id "
        "owner_confirmed_at technical_owner_id purpose process_id risk_tier review_cadence_days policy_id strong_auth "
        "log_sources"
    )
    me, whole = f"batch-{number}", agent(1)
    own = {
        "type": "service_account",
        "actor_id": me,
        "principal_id": f"svc-{me}",
        "reviews": [_review(me, 9)],
    }
    place = {"environment": "production" if number == 1 else "test"}
    return own | {name: whole[name] for name in kept.split()} | place


def lists() -> list[dict[str, Any]]:
    """Repeat from a directory and a secret store what the register says of the agents."""
    return [
        {"type": "agent", "actor_id": f"agent-{n}", "listed_in": "directory", "state": "active", "owner_id": "ann"}
        for n in (1, 2, 3)
    ] + [
        {"type": "credential", "actor_id": f"agent-{n}", "credential_id": f"key-{n}", "listed_in": "secret_store",
         "issued_at": "2026-09-10T00:00:00Z"}
        for n in (1, 2, 3)
    ] + [
        {"type": "agent", "actor_id": "agent-4", "listed_in": "directory", "state": "retired", "owner_id": "ann"},
        {"type": "log_store", "log_source": "gateway", "integrity": "write_once", "writers": "archive", "retention_days": 400},
    ]  # fmt: skip


def policy() -> dict[str, Any]:
    """State a policy that covers every actor."""
    return {
        "type": "policy", "policy_id": "AP", "title": "Use of AI agents", "scope": "agents", "status": "approved",
        "approved_by": "Board", "effective_at": "2026-01-01T00:00:00Z", "recorded_at": "2026-01-01T00:00:00Z",
        "review_due": "2027-01-01T00:00:00Z", "version": "1", "clauses": CLAUSES,
    }  # fmt: skip


WORK = {
    "event_class": "data", "action": "read", "effect": "read", "tool": "orders.read", "resource": "erp/orders/4711",
    "classification": "confidential", "decision": "allow", "tool_version": "2.1", "cost": 2,
}  # fmt: skip


def events() -> list[dict[str, Any]]:
    """Log a quarter and show that logs are kept a year: a heartbeat a day, each agent at work each day, one approved deletion."""
    made = [_event("2025-09-01T00:05", event_class="heartbeat"), *_talk()]
    day = date(2026, 7, 1)
    while day < date(2026, 10, 1):
        made.append(_event(f"{day}T00:05", event_class="heartbeat"))
        for number in (1, 2, 3, 4):
            if (number == 3 and day <= date(2026, 7, 10)) or (
                number == 4 and day >= date(2026, 7, 20)
            ):
                continue
            made.append(_event(f"{day}T08:0{number}", **_actor(number), **WORK))
        day += timedelta(days=1)
    for number, (tool, effect) in DEEDS.items():
        deed = (
            _actor(number)
            | WORK
            | {"event_class": "tool", "action": effect, "effect": effect, "tool": tool}
        )
        made.append(_event(f"2026-09-15T08:1{number}", **deed, approval_id=f"ok-{number}"))
        refused = {"resource": "erp/payments/1", "outcome": "denied", "decision": "deny"}
        made.append(_event(f"2026-09-15T08:2{number}", **deed | refused))
    made.append(_event("2026-07-20T03:00", **_actor(3) | WORK | {
        "credential_id": "old-3", "outcome": "denied", "decision": "deny"}))  # fmt: skip
    return _chained(sorted(made, key=lambda e: str(e["time"])))


def _talk() -> list[dict[str, Any]]:
    """The messages of two agents to each other, begun before the quarter, and what the supplier read."""
    said = {"event_class": "session", "action": "message", "effect": "read"}
    made = [
        _event(f"2026-0{month}-20T09:0{me}", **_actor(me) | said | {
            "peer_id": f"agent-{peer}", "message_id": f"message-{month}-{me}", "resource": f"agent-{peer}", "on_behalf_of": None})
        for month in (6, 7, 8, 9) for me, peer in ((1, 2), (2, 1))
    ]  # fmt: skip
    read = {
        "actor_id": "batch-1",
        "actor_kind": "service_account",
        "principal_id": "svc-batch-1",
        "destination": "erp.good",
    }
    return [*made, _event("2026-09-20T10:00", **WORK | read)]


def approved_runs() -> list[dict[str, Any]]:
    """A run of each agent that was looked at and found good, before the quarter."""
    return [
        _event(f"2026-06-15T08:0{n}", **_actor(n) | WORK | {"session_id": f"good-{n}"})
        for n in (1, 2, 3, 4)
    ]


def _chained(made: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Number the events, and let each carry the hash of the one before."""
    return [
        e | {"sequence": n, "hash": f"h{n}", "prev_hash": f"h{n - 1}"} for n, e in enumerate(made)
    ]


def _event(at: str, **given: Any) -> dict[str, Any]:
    time = f"{at}:00Z"
    return {"event_id": at + str(given.get("actor_id", "")), "time": time, "ingested_at": time,
            "log_source": "gateway", "outcome": "success"} | given  # fmt: skip


def _actor(number: int) -> dict[str, Any]:
    return {
        "actor_id": f"agent-{number}", "actor_kind": "agent", "principal_id": f"spiffe://good/agent-{number}",
        "credential_id": f"key-{number}", "session_id": f"s-{number}", "on_behalf_of": "ann", "environment": "production",
        "destination": "erp.good", "source_ip": "10.0.0.1", "model_version": "4.1.0",
        "user_agent": "good-agents/4.1", "auth_method": "mtls",
    } | ({"parent_session_id": "s-1"} if number == 3 else {})  # fmt: skip


@dataclass
class Estate:
    """The records of a workspace; change them, then write them."""

    settings: dict[str, Any] = field(default_factory=lambda: deepcopy(SETTINGS))
    agents: list[dict[str, Any]] = field(
        default_factory=lambda: [first(), agent(2), child(), retired()]
    )
    others: list[dict[str, Any]] = field(
        default_factory=lambda: [
            clerk(),
            person("bob", "ann"),
            leaver(),
            service_account(1),
            service_account(2),
        ]  # fmt: skip
    )
    lists: list[dict[str, Any]] = field(default_factory=lists)
    policies: list[dict[str, Any]] = field(default_factory=lambda: [policy()])
    events: list[dict[str, Any]] = field(default_factory=events)
    approved_runs: list[dict[str, Any]] = field(default_factory=approved_runs)

    def write(self, folder: Path) -> Path:
        """Write a workspace folder and return it."""
        texts = {
            "reporter.yml": json.dumps(self.settings),
            "inventory/agents.json": json.dumps(self.agents),
            "inventory/directory.json": json.dumps(self.others),
            "inventory/lists.json": json.dumps(self.lists),
            "statements/policies.json": json.dumps(self.policies),
            "logs/gateway.jsonl": "".join(json.dumps(e) + "\n" for e in self.events),
            "baseline/runs.jsonl": "".join(json.dumps(e) + "\n" for e in self.approved_runs),
        }
        for name, text in texts.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        return folder


def spoiled() -> Estate:
    """Return the same company with something wrong for nearly every check."""
    estate = Estate()
    one, two, three, _ = estate.agents
    for made in (one, three):
        made |= {
            "owner_id": "", "purpose": "", "default_policy": "allow", "updated_at": "2025-01-01T00:00:00Z",
            "expires_at": "2026-01-01T00:00:00Z", "risk_tier": "low", "risk_categories": [], "policy_id": "gone",
            "review_cadence_days": 400, "kill_switch_tested_at": "2020-01-01T00:00:00Z", "memory_ttl_days": 4000,
            "sandbox_type": "none", "sandbox_root": True, "deploy_static_secret": True, "log_sources": ["silent"],
            "principal_id": "ann", "principal_type": "user", "reviews": [_review(made["actor_id"], 2)],
            "approved_at": "2026-08-20T00:00:00Z", "approvals": [],
        }  # fmt: skip
        for grant in made["tools"] + made["data_sources"]:
            grant |= {
                "needs_approval": False,
                "risk_category": "",
                "approved_at": "2026-09-20T00:00:00Z",
            }
        made["tools"].append(made["tools"][0] | {"name": "*", "effect": "admin"})
        for key in made["credentials"]:
            key |= {"storage": "code", "expires_at": "2039-01-01T00:00:00Z", "revoked_at": "2026-07-12T00:00:00Z",
                    "last_rotated_at": "2020-01-01T00:00:00Z", "issued_at": "2020-01-01T00:00:00Z",
                    "environment": "test"}  # fmt: skip
    one["state"] = "suspended"
    two["owner_id"] = "cat"
    two["credentials"].append({**one["credentials"][0], "revoked_at": "", "type": "api_key"})
    two["components"][0] |= {"pinned": False, "version": "latest", "reviewed_at": ""}
    two["components"][1] |= {"registry": "", "authenticated": False, "pinned": False}
    two["links"][0] |= {"authenticated": False, "encrypted": False}
    two["tools"] = []
    estate.policies = [
        policy() | {"status": "draft", "clauses": ["logging"], "review_due": "2026-02-01T00:00:00Z"}
    ]
    late = [
        e | {"credential_id": "key-1", "session_id": "", "approval_id": ""}
        for e in estate.events[3:]
    ]
    unregistered = (
        _actor(1)
        | {"actor_id": "unregistered", "principal_id": "spiffe://good/unregistered"}
        | WORK
    )
    estate.events = [
        *estate.events[1:3],
        *late,
        _event("2026-09-30T08:00", **unregistered | {"effect": "delete"}),
    ]
    return estate
