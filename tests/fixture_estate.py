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
    "params": {"GOV-01": {"min_pop": 2}},
}
DEEDS = {1: ("orders.delete", "delete"), 2: ("orders.delete", "delete"), 3: ("code.run", "execute")}
"""What each agent does once in the quarter, with an approval."""
CLAUSES = [
    "identity", "actions", "data", "escalation", "human_review", "logging", "third_parties", "retirement",
]  # fmt: skip


def agent(number: int) -> dict[str, Any]:
    """Describe an agent whose record leaves no question open."""
    me, peer = f"agent-{number}", "agent-2" if number == 1 else "agent-1"
    deed, effect = DEEDS[number]
    tools = [
        {
            "name": "orders.read",
            "effect": "read",
            "reversible": True,
            "needs_approval": False,
            "outbound": False,
        },
        {
            "name": deed,
            "effect": effect,
            "reversible": False,
            "needs_approval": True,
            "outbound": False,
            "activation": True,
        },
    ]
    dated = {
        "granted_at": "2026-01-12T00:00:00Z", "approved_at": "2026-01-11T00:00:00Z", "expires_at": "2027-01-01T00:00:00Z",
        "justification": "matching invoices", "risk_category": "financial control", "privileged": False,
        "action": "use", "role": "matcher", "domain": "payables",
    }  # fmt: skip
    return {
        "type": "agent", "actor_id": me, "name": f"Agent {number}", "environment": "production",
        "business_unit": "finance", "state": "active", "state_since": "2026-01-15T00:00:00Z",
        "created_at": "2026-01-10T00:00:00Z", "approved_at": "2026-01-12T00:00:00Z",
        "activated_at": "2026-01-15T00:00:00Z", "expires_at": "2027-01-01T00:00:00Z",
        "updated_at": "2026-09-20T00:00:00Z", "owner_id": "ann", "owner_confirmed_at": "2026-09-01T00:00:00Z",
        "owner_since": "2026-01-10T00:00:00Z", "technical_owner_id": "bob",
        "purpose": "Compare supplier invoices with orders and report differences to a clerk",
        "process_id": "AP-7", "autonomy": 3, "risk_tier": "critical", "risk_categories": ["financial control"],
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
        "strong_auth": True, "is_intermediary": False, "prompt_version": "p3", "max_steps": 40, "user_facing": False,
        "risk_mapped_at": "2026-01-11T00:00:00Z", "risk_signed_off_by": "bob", "risk_signed_off_at": "2026-01-11T00:00:00Z",
        "changes": [
            {"change_id": f"chg-{number}a", "field": "tools", "old_value": "orders.read", "new_value": f"orders.read; {deed}",
             "requested_by": "ann", "approved_by": "bob", "approved_at": "2026-07-12T00:00:00Z",
             "effective_at": "2026-07-13T00:00:00Z", "ticket_type": "identity_change", "register_version": "7"},
            {"change_id": f"chg-{number}b", "field": "model", "old_value": "4.0.9", "new_value": "4.1.0",
             "requested_by": "ann", "approved_by": "bob", "approved_at": "2026-07-16T00:00:00Z",
             "effective_at": "2026-07-17T00:00:00Z", "ticket_type": "identity_change", "register_version": "8"},
        ],
        "approved_snapshot": {"approved_at": "2026-01-12T00:00:00Z", "items": [
            {"type": "tool", "name": "orders.read", "version": "1"}, {"type": "tool", "name": deed, "version": "1"},
            {"type": "data", "name": "erp/orders/*"},
            {"type": "entitlement", "name": "erp"}, {"type": "destination", "name": "erp.good"}, {"type": "model", "name": "large", "version": "4.0.9"},
            {"type": "component", "name": "erp-server", "version": "4.1.0"}, {"type": "prompt", "name": "p3"},
            {"type": "autonomy", "name": "autonomy", "version": "3"},
            {"type": "limit", "name": "max_steps", "version": "40"},
        ]},
        "third_parties": [{
            "third_party_id": f"maker-{number}", "name": "Maker", "principal_id": f"spiffe://good/{me}",
            "reviewed_at": "2026-03-01T00:00:00Z", "scopes": "orders:read", "owner_id": "ann", "fallback": "by hand",
        }],
        "incidents": [{"incident_id": f"inc-{number}", "opened_at": "2026-07-16T10:00:00Z"}],
        "tools": [t | dated for t in tools],
        "data_sources": [{"name": "erp/orders/*", "classification": "confidential", "mode": "read", "untrusted": False} | dated],
        "destinations": [{"name": "erp.good"} | dated], "contexts": [{"name": "production"} | dated],
        "max_calls_per_minute": 60, "max_cost_per_day": 500, "max_delegation_depth": 2,
        "entitlements": [{"name": "erp", "effect": "read"} | dated],
        "credentials": [{
            "credential_id": f"key-{number}", "fingerprint": f"f{number}", "type": "certificate", "auth_method": "mtls", "storage": "vault",
            "environment": "production", "issued_at": "2026-09-10T00:00:00Z", "expires_at": "2026-10-05T00:00:00Z",
            "last_rotated_at": "2026-09-10T00:00:00Z", "rotation_days": 30, "privileged": False,
        }],
        "approvals": [
            {"approval_id": f"ok-{number}", "type": "action", "scope": deed, "requester_id": "ann",
             "approver_id": "bob", "granted_at": "2026-09-15T07:00:00Z", "expires_at": "2026-09-15T15:00:00Z",
             "max_uses": 5, "recorded_at": "2026-09-15T07:00:00Z"},
        ],
        "reviews": [_review(me, month, (
            ("tool", "orders.read"), ("tool", deed), ("data", "erp/orders/*"), ("entitlement", "erp"),
            ("tool", "orders.purge"),
        )) for month in (7, 8, 9)],
        "state_changes": [{"state": "active", "from_at": "2026-01-15T00:00:00Z"}],
        "components": [
            {"component_id": f"{kind}:{name}", "type": kind, "name": name, "vendor": "Maker", "version": "4.1.0",
             "pinned": True, "hash": f"sha256:{name}", "registry": "approved-list", "transport": "http",
             "approved_at": "2026-01-11T00:00:00Z", "reviewed_at": "2026-09-01T00:00:00Z", "authenticated": True,
             "encrypted": True, "secret_in_config": False}
            for kind, name in (("model", "large"), ("mcp_server", "erp-server"))
        ],
        "links": [] if number == 3 else [{"peer_id": peer, "protocol": "a2a/1.0", "authenticated": True, "encrypted": True, "signed": True}],
        "log_sources": ["gateway"],
        "alerts": [{
            "alert_id": f"alert-{number}", "severity": "high", "event_id": f"2026-09-15T08:2{number}{me}", "session_id": f"s-{number}",
            "raised_at": f"2026-09-15T08:2{number}:30Z", "action": "block", "acted_at": "2026-09-15T08:30:00Z", "acted_by": "bob",
        }],
    }  # fmt: skip


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
    })  # fmt: skip
    made["changes"].append(made["changes"][0] | {
        "change_id": "chg-3c", "field": "owner", "old_value": "cat", "new_value": "ann",
        "approved_at": "2026-07-08T00:00:00Z", "effective_at": "2026-07-16T12:00:00Z",
    })  # fmt: skip
    for review in made["reviews"]:
        review["trigger"] += "; owner"
    made["credentials"].append(made["credentials"][0] | {
        "credential_id": "old-3", "fingerprint": "f-old", "issued_at": "2026-06-10T00:00:00Z",
        "last_rotated_at": "2026-06-10T00:00:00Z", "expires_at": "2026-07-10T00:00:00Z",
        "revoked_at": "2026-07-09T00:00:00Z",
    })  # fmt: skip
    return made


def retired() -> dict[str, Any]:
    """Describe an agent that was retired in the quarter and left nothing."""
    gone = "2026-07-05T00:00:00Z"
    lists = (
        "tools",
        "data_sources",
        "entitlements",
        "destinations",
        "approvals",
        "components",
        "changes",
        "third_parties",
    )
    made = agent(3) | {
        "actor_id": "agent-4", "name": "Agent 4", "principal_id": "spiffe://good/agent-4", "state": "retired",
        "state_since": gone, "retired_at": gone, "memory_disposition": "deleted", "incidents": [], "reviews": [],
        "state_changes": [{"state": "active", "from_at": "2026-01-15T00:00:00Z", "until_at": gone},
                          {"state": "retired", "from_at": gone}],
    }  # fmt: skip
    made |= {name: [] for name in lists}
    made["credentials"] = [made["credentials"][0] | {
        "credential_id": "key-4", "fingerprint": "f4", "issued_at": "2026-06-10T00:00:00Z",
        "last_rotated_at": "2026-06-10T00:00:00Z", "expires_at": "2026-07-10T00:00:00Z", "revoked_at": gone,
    }]  # fmt: skip
    del made["approved_snapshot"]
    return made


def person(name: str, manager: str) -> dict[str, Any]:
    """Describe a person who is there."""
    return {
        "type": "human", "actor_id": name, "name": name.title(), "state": "active", "owner_id": manager,
        "created_at": "2020-01-01T00:00:00Z", "updated_at": "2026-09-20T00:00:00Z", "business_unit": "finance",
        "activated_at": "2020-01-01T00:00:00Z", "expires_at": "2030-01-01T00:00:00Z", "strong_auth": True,
        "owner_confirmed_at": "2026-09-01T00:00:00Z", "review_cadence_days": 90, "policy_id": "AP",
        "log_sources": ["gateway"], "reviews": [_review(name, 9)], "data_sources": [{"name": "erp/*"}],
    }  # fmt: skip


def leaver() -> dict[str, Any]:
    """Describe a person who left in the quarter."""
    return person("cat", "bob") | {"state": "retired", "retired_at": "2026-07-08T00:00:00Z"}


def _review(who: str, month: int, items: tuple[tuple[str, str], ...] = ()) -> dict[str, Any]:
    return {
        "review_id": f"rev-{who}-{month}", "due_at": f"2026-0{month}-20T00:00:00Z",
        "completed_at": f"2026-0{month}-18T00:00:00Z", "snapshot_from": f"2026-0{month - 1}-18T00:00:00Z",
        "snapshot_at": f"2026-0{month}-17T00:00:00Z",
        "trigger": "calendar; incident; model",
        "items": [
            {"type": kind, "name": name, "decision": "remove" if name == "orders.purge" else "keep"} for kind, name in items
        ],
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
    "classification": "confidential", "decision": "allow", "tool_version": "1",
    "resource_environment": "production",
}  # fmt: skip


def events() -> list[dict[str, Any]]:
    """Log a quarter and show that logs are kept a year: a heartbeat a day, each agent at work each day, one approved deletion."""
    made = [_event("2025-09-01T00:05", event_class="heartbeat")]
    day = date(2026, 7, 1)
    while day < date(2026, 10, 1):
        made.append(_event(f"{day}T00:05", event_class="heartbeat"))
        for number in (1, 2, 3) if day > date(2026, 7, 10) else (1, 2):
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
    asked = _actor(1) | WORK | {"peer_id": "agent-2", "message_id": "message-0001"}
    made.append(_event("2026-09-16T09:00", **asked))
    made.append(
        _event(
            "2026-09-16T09:01",
            **_actor(2) | WORK | {"session_id": "s-2-for-1", "parent_session_id": "s-1"},
        )
    )
    made.append(_event("2026-07-20T03:00", **_actor(3) | WORK | {
        "credential_id": "old-3", "outcome": "denied", "decision": "deny"}))  # fmt: skip
    made.append(_event("2026-07-03T20:04", **_actor(4) | WORK | {
        "event_class": "session", "action": "start", "tool": "", "resource": "", "destination": "", "tool_version": "",
        "classification": "", "model_version": ""}))  # fmt: skip
    return sorted(made, key=lambda e: str(e["time"]))


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
        "cost": 1,
    }  # fmt: skip


@dataclass
class Estate:
    """The records of a workspace; change them, then write them."""

    settings: dict[str, Any] = field(default_factory=lambda: deepcopy(SETTINGS))
    agents: list[dict[str, Any]] = field(default_factory=lambda: [agent(1), agent(2), child()])
    others: list[dict[str, Any]] = field(
        default_factory=lambda: [
            person("ann", "bob"),
            person("bob", "ann"),
            leaver(),
            retired(),
            service_account(1),
            service_account(2),
        ]  # fmt: skip
    )
    lists: list[dict[str, Any]] = field(default_factory=lists)
    policies: list[dict[str, Any]] = field(default_factory=lambda: [policy()])
    events: list[dict[str, Any]] = field(default_factory=events)

    def write(self, folder: Path) -> Path:
        """Write a workspace folder and return it."""
        texts = {
            "reporter.yml": json.dumps(self.settings),
            "inventory/agents.json": json.dumps(self.agents),
            "inventory/directory.json": json.dumps(self.others),
            "inventory/lists.json": json.dumps(self.lists),
            "statements/policies.json": json.dumps(self.policies),
            "logs/gateway.jsonl": "".join(json.dumps(e) + "\n" for e in self.events),
        }
        for name, text in texts.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        return folder


def spoiled() -> Estate:
    """Return the same company with something wrong for nearly every check."""
    estate = Estate()
    one, two, three = estate.agents
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
    ghost = _actor(1) | {"actor_id": "ghost", "principal_id": "spiffe://good/ghost"} | WORK
    estate.events = [
        *estate.events[1:3],
        *late,
        _event("2026-09-30T08:00", **ghost | {"effect": "delete"}),
    ]
    return estate
