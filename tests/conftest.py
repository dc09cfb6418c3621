"""Workspaces and runs that several tests share: a small one where nearly every check passes, made of plain records."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from reporter import assess, catalog
from reporter.catalog import Content
from reporter.cli import main
from reporter.db import Engine
from reporter.ingest.convert import open_cache
from reporter.ingest.load import ingest
from reporter.ingest.tables import Expected, derive
from reporter.model import Check
from reporter.run import judge_all
from reporter.sql import Judged
from reporter.workspace import read_workspace

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
        {"name": "orders.read", "effect": "read", "reversible": True, "needs_approval": False},
        {"name": deed, "effect": effect, "reversible": False, "needs_approval": True},
    ]
    dated = {
        "granted_at": "2026-01-12T00:00:00Z", "approved_at": "2026-01-11T00:00:00Z", "expires_at": "2027-01-01T00:00:00Z",
        "justification": "matching invoices", "risk_category": "financial control", "privileged": False,
        "action": "use", "role": "matcher",
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
        "principal_id": f"spiffe://good/{me}", "principal_type": "agent", "default_policy": "deny",
        "enforcement_point": "gateway", "review_cadence_days": 30, "kill_switch": "gateway block list",
        "kill_switch_owner": "bob", "kill_switch_tested_at": "2026-08-01T00:00:00Z", "kill_switch_minutes": 2,
        "sandbox_type": "microvm", "sandbox_root": False, "sandbox_network": "deny", "sandbox_fs": "workdir",
        "sandbox_per_session": True, "memory_scope": "shared", "memory_ttl_days": 7,
        "memory_sources": "erp", "memory_write_check": True, "memory_readers": f"{me};{peer}",
        "deploy_identity_type": "federated", "deploy_subject": "iss=ci;aud=deploy;sub=repo:good/agents:main",
        "deploy_static_secret": False, "vendor_hosted": False, "policy_id": "AP", "policy_version": "1",
        "strong_auth": True, "is_intermediary": False,
        "tools": [t | dated for t in tools],
        "data_sources": [{"name": "erp/orders/*", "classification": "confidential"} | dated],
        "entitlements": [{"name": "erp", "effect": "read"} | dated],
        "credentials": [{
            "credential_id": f"key-{number}", "fingerprint": f"f{number}", "type": "certificate", "storage": "vault",
            "environment": "production", "issued_at": "2026-09-10T00:00:00Z", "expires_at": "2026-10-05T00:00:00Z",
            "last_rotated_at": "2026-09-10T00:00:00Z", "rotation_days": 30, "privileged": False,
        }],
        "approvals": [
            {"approval_id": f"ok-{number}", "type": "action", "scope": deed, "requester_id": "ann",
             "approver_id": "bob", "granted_at": "2026-09-15T07:00:00Z", "expires_at": "2026-09-16T07:00:00Z",
             "max_uses": 5, "recorded_at": "2026-09-15T07:00:00Z"},
        ],
        "reviews": [_review(me, month, (
            ("tool", "orders.read"), ("tool", deed), ("data", "erp/orders/*"), ("entitlement", "erp"),
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
    made["credentials"].append(made["credentials"][0] | {
        "credential_id": "old-3", "fingerprint": "f-old", "issued_at": "2026-06-10T00:00:00Z",
        "last_rotated_at": "2026-06-10T00:00:00Z", "expires_at": "2026-07-10T00:00:00Z",
        "revoked_at": "2026-07-09T00:00:00Z",
    })  # fmt: skip
    return made


def person(name: str, manager: str) -> dict[str, Any]:
    """Describe a person who is there."""
    return {
        "type": "human", "actor_id": name, "name": name.title(), "state": "active", "owner_id": manager,
        "created_at": "2020-01-01T00:00:00Z", "updated_at": "2026-09-20T00:00:00Z", "business_unit": "finance",
        "activated_at": "2020-01-01T00:00:00Z", "expires_at": "2030-01-01T00:00:00Z", "strong_auth": True,
        "owner_confirmed_at": "2026-09-01T00:00:00Z", "review_cadence_days": 90, "policy_id": "AP",
        "log_sources": ["gateway"], "reviews": [_review(name, 9)],
    }  # fmt: skip


def leaver() -> dict[str, Any]:
    """Describe a person who left in the quarter."""
    return person("cat", "bob") | {"state": "retired", "retired_at": "2026-07-08T00:00:00Z"}


def _review(who: str, month: int, items: tuple[tuple[str, str], ...] = ()) -> dict[str, Any]:
    return {
        "review_id": f"rev-{who}-{month}", "due_at": f"2026-0{month}-20T00:00:00Z",
        "completed_at": f"2026-0{month}-18T00:00:00Z", "snapshot_from": f"2026-0{month - 1}-18T00:00:00Z",
        "snapshot_at": f"2026-0{month}-17T00:00:00Z",
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
    own = {"type": "service_account", "actor_id": me, "principal_id": f"svc-{me}", "reviews": [_review(me, 9)]}
    return own | {name: whole[name] for name in kept.split()}


def policy() -> dict[str, Any]:
    """State a policy that covers every actor."""
    return {
        "type": "policy", "policy_id": "AP", "title": "Use of AI agents", "scope": "agents", "status": "approved",
        "approved_by": "Board", "effective_at": "2026-01-01T00:00:00Z", "recorded_at": "2026-01-01T00:00:00Z",
        "review_due": "2027-01-01T00:00:00Z", "version": "1", "clauses": CLAUSES,
    }  # fmt: skip


WORK = {
    "event_class": "data", "action": "read", "effect": "read", "tool": "orders.read", "resource": "erp/orders/4711",
    "classification": "confidential", "decision": "allow",
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
        deed = _actor(number) | WORK | {"event_class": "tool", "action": effect, "effect": effect, "tool": tool}
        made.append(_event(f"2026-09-15T08:1{number}", **deed, approval_id=f"ok-{number}"))
        refused = {"resource": "erp/payments/1", "outcome": "denied", "decision": "deny"}
        made.append(_event(f"2026-09-15T08:2{number}", **deed | refused))
    made.append(_event("2026-07-20T03:00", **_actor(3) | WORK | {
        "credential_id": "old-3", "outcome": "denied", "decision": "deny"}))  # fmt: skip
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
    }  # fmt: skip


@dataclass
class Estate:
    """The records of a workspace; change them, then write them."""

    settings: dict[str, Any] = field(default_factory=lambda: deepcopy(SETTINGS))
    agents: list[dict[str, Any]] = field(default_factory=lambda: [agent(1), agent(2), child()])
    others: list[dict[str, Any]] = field(
        default_factory=lambda: [
            person("ann", "bob"), person("bob", "ann"), leaver(), service_account(1), service_account(2)]  # fmt: skip
    )
    policies: list[dict[str, Any]] = field(default_factory=lambda: [policy()])
    events: list[dict[str, Any]] = field(default_factory=events)

    def write(self, folder: Path) -> Path:
        """Write a workspace folder and return it."""
        texts = {
            "reporter.yml": json.dumps(self.settings),
            "inventory/agents.json": json.dumps(self.agents),
            "inventory/directory.json": json.dumps(self.others),
            "statements/policies.json": json.dumps(self.policies),
            "logs/gateway.jsonl": "".join(json.dumps(e) + "\n" for e in self.events),
        }
        for name, text in texts.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        return folder


Cells = dict[tuple[str, str], tuple[str, str]]
"""(check, subject) -> (verdict, reason)"""


@pytest.fixture(scope="session")
def content() -> Content:
    """All content that ships."""
    return catalog.load()


@pytest.fixture(scope="session")
def judged(content: Content) -> list[tuple[Check, Judged]]:
    """Every check with the good company's thresholds."""
    return judge_all(content.checks, SETTINGS["params"])


@pytest.fixture
def cells_of(
    content: Content, judged: list[tuple[Check, Judged]], tmp_path: Path
) -> Callable[[Estate], Cells]:
    """Give what the engine says of an estate: every cell, without a report."""

    def run(estate: Estate) -> Cells:
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        workspace = read_workspace(estate.write(folder / "ws"))
        with Engine(folder / "work") as engine:
            ingest(engine, workspace.folder, content.sources, open_cache(folder / "cache"))
            expected = [Expected(n, *e) for n, e in sorted(workspace.log_sources.items())]
            derive(engine, workspace.run, expected)
            assess.prepare(engine)
            assess.assess(engine, judged)
            rows = engine.rows("SELECT check_id, subject, status, reason FROM cells")
        return {(check, subject): (status, reason) for check, subject, status, reason in rows}

    return run


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The good company's workspace, for reading only."""
    return Estate().write(tmp_path_factory.mktemp("good") / "ws")


@pytest.fixture(scope="session")
def good_run(good: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of it with every format, for reading only."""
    out = tmp_path_factory.mktemp("runs") / "good"
    result = reporter("assess", good, "--out", out, "--quiet")
    assert result.exit_code == 0, result.output
    return out


def reporter(*words: object) -> Result:
    """Run a command of the command line in this process."""
    return CliRunner().invoke(main, [str(word) for word in words])
