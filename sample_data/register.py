"""The register of one quarter: agents, people, service accounts and policies as native records.

In: an agent of cast.py and a quarter. Out: its record. GAPS says how each kind of fault looks in a record.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from cast import ACCOUNT, DOMAIN, GATEWAY, SHARED_KEY, Agent, Quarter, mail

Record = dict[str, Any]
HIGH = ("delete", "transfer", "publish", "execute", "admin", "grant")
CADENCE = {"critical": 30, "high": 90, "medium": 180, "low": 365}
RISKS = {
    "operations": "operational", "care": "customer impact", "finance": "financial control",
    "it": "operational", "customs": "regulated workflow", "people": "privacy", "board": "operational",
}  # fmt: skip
POLICY_OF = {"operations": "AGP-OPS", "care": "AGP-CARE", "finance": "AGP-FIN", "it": "AGP-IT", "people": "AGP-HR"}
MODEL = "fjord-large-2026-03-18"
CLIENTS = {
    "agt-mail-sorter": "0oafrt10mailsorter00", "agt-contract-reader": "0oafrt11contracts000",
    "agt-hr-screener": "0oafrt12hrscreener00", "agt-tender-drafter": "0oafrt13tenderdraft0",
}  # fmt: skip


def iso(moment: datetime) -> str:
    """Return a UTC time as text."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def day(text: str, hour: int = 9) -> datetime:
    """Return a moment of a day."""
    return datetime.fromisoformat(text).replace(hour=hour, tzinfo=UTC)


def split(tool: str) -> tuple[str, str, str, str]:
    """Return name, effect, data prefix and classification of a tool."""
    name, effect, prefix, classification = tool.split("|")
    return name, effect, prefix, classification


def principal(agent: Agent) -> str:
    """Return the identity an agent acts under."""
    if "principal_id" in agent.over:
        return str(agent.over["principal_id"])
    if "shared-principal" in agent.gaps:
        return "svc-tms-integration"
    if "person-identity" in agent.gaps:
        return mail("ravi.thorsen")
    if agent.cred == "role":
        return f"arn:aws:iam::{ACCOUNT}:role/{agent.short}"
    if agent.cred == "oauth":
        return CLIENTS[agent.id]
    return f"spiffe://{DOMAIN}/agent/{agent.short}"


def credential_id(agent: Agent) -> str:
    """Return the id of the credential an agent uses."""
    kind = {"workload": "wid", "token": "tok", "key": "key", "oauth": "oac", "role": "rol"}
    if agent.cred == "shared":
        return SHARED_KEY
    return f"{kind[agent.cred]}-{agent.short.removesuffix('-test') if 'same-identity' in agent.gaps else agent.short}"


def agent_record(agent: Agent, quarter: Quarter) -> Record:
    """Return the register record of an agent, with its gaps."""
    record = _identity(agent, quarter) | _runtime(agent, quarter)
    record |= {"tools": _tools(agent), "data_sources": _data(agent), "entitlements": _rights(agent)}
    record |= {"credentials": [_credential(agent, quarter)], "components": _components(agent, quarter)}
    record |= {"reviews": _reviews(agent, quarter), "log_sources": [agent.log]}
    record |= {"state_changes": _history(agent)}
    for gap in agent.gaps:
        GAPS[gap](record, agent, quarter)
    return {k: v for k, v in (record | agent.over).items() if v is not None}


def _identity(agent: Agent, quarter: Quarter) -> Record:
    born = day(agent.since)
    return {
        "type": "agent", "actor_id": agent.id, "name": agent.short.replace("-", " ").capitalize(),
        "environment": agent.env, "business_unit": agent.unit, "state": "active",
        "created_at": iso(born), "approved_at": iso(born + timedelta(days=2)),
        "activated_at": iso(born + timedelta(days=5)),
        "expires_at": iso(quarter.end + timedelta(days=200)),
        "updated_at": iso(quarter.end - timedelta(days=21)),
        "owner_id": mail(agent.owner) if agent.owner else None,
        "owner_confirmed_at": iso(quarter.end - timedelta(days=60)),
        "technical_owner_id": mail(agent.deputy) if agent.deputy else None,
        "purpose": agent.purpose, "process_id": f"P-{agent.unit[:3].upper()}-{len(agent.purpose) % 7 + 1}",
        "autonomy": f"L{agent.autonomy}", "risk_tier": agent.tier, "risk_categories": [RISKS[agent.unit]],
        "principal_id": principal(agent), "principal_type": "agent",
    }  # fmt: skip


def _runtime(agent: Agent, quarter: Quarter) -> Record:
    runs_code = any(split(t)[1] == "execute" for t in agent.tools)
    return {
        "default_policy": "deny", "enforcement_point": "gateway" if agent.cred != "role" else "iam",
        "review_cadence_days": CADENCE[agent.tier],
        "kill_switch": "disable identity at the gateway", "kill_switch_owner": mail("it-soc"),
        "kill_switch_tested_at": iso(quarter.end - timedelta(days=75)), "kill_switch_minutes": 4,
        "sandbox_type": None if runs_code else "none",
        "memory_scope": "session", "memory_ttl_days": 1, "memory_sources": "own session",
        "memory_write_check": True,
        "deploy_identity_type": "federated", "deploy_static_secret": False,
        "deploy_subject": "iss=https://ci.example.com;aud=agents;sub=repo:freight/agents:ref:main",
        "vendor_hosted": False, "policy_id": POLICY_OF.get(agent.unit), "policy_version": "2.0",
    }  # fmt: skip


def _granted(agent: Agent) -> str:
    return iso(day(agent.since) + timedelta(days=2))


def _tools(agent: Agent) -> list[Record]:
    when = _granted(agent)
    return [
        {"name": name, "effect": effect, "reversible": effect in ("read", "write"), "needs_approval": effect in HIGH,
         "justification": f"needed to {agent.purpose[0].lower()}{agent.purpose[1:]}"[:70],
         "risk_category": RISKS[agent.unit], "granted_at": when, "approved_at": when}
        for name, effect, _, _ in map(split, agent.tools + agent.unused)
    ]  # fmt: skip


def _data(agent: Agent) -> list[Record]:
    when = _granted(agent)
    classes = {prefix: c for _, _, prefix, c in map(split, agent.tools + agent.unused)}
    return [
        {"name": f"{prefix}/*", "classification": c, "justification": f"what it works on: {prefix}",
         "risk_category": RISKS[agent.unit], "granted_at": when, "approved_at": when}
        for prefix, c in classes.items()
    ]  # fmt: skip


def _rights(agent: Agent) -> list[Record]:
    when = _granted(agent)
    return [
        {"name": f"{prefix}/*", "action": name, "role": f"{agent.short}-{effect}",
         "effect": effect, "privileged": effect in HIGH, "justification": f"{name} on {prefix}",
         "risk_category": RISKS[agent.unit], "granted_at": when, "approved_at": when}
        for name, effect, prefix, _ in map(split, agent.tools + agent.unused)
    ]  # fmt: skip


def _credential(agent: Agent, quarter: Quarter) -> Record:
    own = {"credential_id": credential_id(agent), "environment": agent.env, "privileged": False}
    if agent.cred in ("key", "shared"):
        issued, ends = quarter.end - timedelta(days=40), quarter.end + timedelta(days=45)
        kind, storage = "api_key", "vault"
    else:
        issued, ends = quarter.end - timedelta(hours=6), quarter.end + timedelta(hours=5)
        kind, storage = {
            "workload": ("workload_identity", "none"), "role": ("workload_identity", "none"),
            "token": ("token", "vault"), "oauth": ("token", "vault"),
        }[agent.cred]  # fmt: skip
    return own | {
        "type": kind, "storage": storage, "issued_at": iso(issued), "expires_at": iso(ends),
        "last_rotated_at": iso(issued), "rotation_days": 60 if kind == "api_key" else 1,
    }  # fmt: skip


def digest(text: str) -> str:
    """Return a content hash that is as long as a real one."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _components(agent: Agent, quarter: Quarter) -> list[Record]:
    approved = iso(quarter.end - timedelta(days=70))
    system = split(agent.tools[0])[2].split("/")[0]
    shared = {"pinned": True, "approved_at": approved, "reviewed_at": approved, "authenticated": True,
              "encrypted": True}  # fmt: skip
    model = {"component_id": f"halden/{MODEL}", "type": "model", "name": "fjord-large", "vendor": "Halden Models",
             "version": MODEL, "hash": digest(MODEL), "registry": "freight-models"}  # fmt: skip
    server = {"component_id": f"freight/mcp-{system}@2.4.1", "type": "mcp_server", "name": f"mcp-{system}",
              "vendor": "Acme Freight IT", "version": "2.4.1", "hash": digest(f"mcp-{system}@2.4.1"),
              "registry": "freight-mcp", "transport": "http", "secret_in_config": False}  # fmt: skip
    return [model | shared] if agent.cred == "role" else [model | shared, server | shared]


def items(agent: Agent) -> list[Record]:
    """Return what a review decides: every tool, data source and right of the agent is kept."""
    tools = agent.tools + agent.unused
    prefixes = list(dict.fromkeys(split(t)[2] for t in tools))
    return (
        [{"type": "tool", "name": split(t)[0], "decision": "keep"} for t in tools]
        + [{"type": "data", "name": f"{p}/*", "decision": "keep"} for p in prefixes]
        + [{"type": "entitlement", "name": f"{p}/*", "decision": "keep"} for p in prefixes]
    )


def _reviews(agent: Agent, quarter: Quarter) -> list[Record]:
    cadence = timedelta(days=CADENCE[agent.tier])
    last = max(quarter.end - timedelta(days=20), day(agent.since) + timedelta(days=6))
    before = max(last - cadence + timedelta(days=2), day(agent.since) + timedelta(days=3))
    return [
        _review(agent, quarter, "a", before, before - cadence),
        _review(agent, quarter, "b", last, before - timedelta(days=2)),
    ]


def _review(agent: Agent, quarter: Quarter, mark: str, done: datetime, begin: datetime) -> Record:
    return {
        "review_id": f"rev-{agent.short}-{quarter.id[-2:]}{mark}", "due_at": iso(done + timedelta(days=3)),
        "completed_at": iso(done), "snapshot_at": iso(done - timedelta(days=2)), "snapshot_from": iso(begin),
        "items": items(agent),
    }  # fmt: skip


def _history(agent: Agent) -> list[Record]:
    born = day(agent.since)
    live = iso(born + timedelta(days=5))
    return [{"state": "draft", "from_at": iso(born), "until_at": live}, {"state": "active", "from_at": live}]


# what a gap does to a record


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
    record["credentials"][0].update(issued_at=issued, expires_at=None, last_rotated_at=issued, rotation_days=90)


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
        component_id="halden/fjord-large-latest", version="fjord-large-latest", pinned=False, hash="")


def _overdue(record: Record, agent: Agent, quarter: Quarter) -> None:
    """The last review is long ago; the next one was due in the third week and never happened."""
    due = quarter.begin + timedelta(days=19)
    record["reviews"] = [
        _review(agent, quarter, "a", due - timedelta(days=95), due - timedelta(days=185)),
        {"review_id": f"rev-{agent.short}-{quarter.id[-2:]}-open", "due_at": iso(due)},
    ]


def _admin(record: Record, agent: Agent, quarter: Quarter) -> None:
    record["entitlements"].append(
        {"name": "*", "action": "*", "role": "AdministratorAccess", "effect": "admin", "privileged": True,
         "justification": "set up in a hurry", "risk_category": "", "granted_at": _granted(agent),
         "approved_at": ""})  # fmt: skip


def _late_approval(record: Record, agent: Agent, quarter: Quarter) -> None:
    """It acted from the 18th; the record was made on the 24th and approved on the 28th."""
    record["approved_at"] = iso(day(agent.since) + timedelta(days=4))
    record["activated_at"] = iso(day("2026-08-18", 8))


def _one_sided(record: Record, agent: Agent, quarter: Quarter) -> None:
    record["links"] = [{"peer_id": "agt-dock-scheduler", "protocol": "a2a/0.3", "authenticated": True,
                        "encrypted": True, "signed": False}]  # fmt: skip


def _expired(record: Record, agent: Agent, quarter: Quarter) -> None:
    record["credentials"][0].update(
        issued_at="2025-08-31T08:00:00Z", expires_at="2026-08-31T08:00:00Z",
        last_rotated_at="2025-08-31T08:00:00Z")


def _revoked(record: Record, agent: Agent, quarter: Quarter) -> None:
    """The old key was revoked on 1 August and replaced; something still tries it."""
    old = record["credentials"][0]
    record["credentials"].append(old | {
        "credential_id": f"key-{agent.short}-old", "issued_at": "2026-05-10T08:00:00Z",
        "last_rotated_at": "2026-05-10T08:00:00Z", "expires_at": "2026-08-08T08:00:00Z",
        "revoked_at": "2026-08-01T08:00:00Z"})  # fmt: skip
    old.update(issued_at="2026-08-20T08:00:00Z", last_rotated_at="2026-08-20T08:00:00Z",
               expires_at="2026-11-12T08:00:00Z")  # fmt: skip


def _kept_key(record: Record, agent: Agent, quarter: Quarter) -> None:
    """The key that the leaver knew has not been rotated since."""
    record["owner_confirmed_at"] = "2026-01-20T09:00:00Z"
    record["credentials"][0].update(
        issued_at="2026-06-20T08:00:00Z", last_rotated_at="2026-06-20T08:00:00Z",
        expires_at="2026-12-20T08:00:00Z", rotation_days=180)


def _child(record: Record, agent: Agent, quarter: Quarter) -> None:
    record.update(parent_id="agt-border-desk", expires_at=iso(quarter.end + timedelta(days=3)))


def _nothing(record: Record, agent: Agent, quarter: Quarter) -> None:
    """The fault shows in the principal or in the log."""


GAPS: dict[str, Callable[[Record, Agent, Quarter], None]] = {
    "admin": _admin,
    "child": _child,
    "code-secret": _first("credentials", storage="code", type="password"),
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
    "no-sandbox": _set(sandbox_type="none", sandbox_root=True, sandbox_network="open", sandbox_fs="full",
                       sandbox_per_session=False),
    "one-sided-link": _one_sided,
    "open-default": _set(default_policy="allow"),
    "overdue-review": _overdue,
    "person-identity": _set(principal_type="user"),
    "prompt-only": _set(enforcement_point="prompt"),
    "revoked-key": _revoked,
    "same-identity": _nothing,
    "shared-memory": _set(memory_scope="shared", memory_ttl_days=None, memory_sources="any ticket",
                          memory_write_check=False, memory_readers=None),
    "shared-principal": _set(principal_type="service_account"),
    "stale-record": _stale,
    "static-deploy": _set(deploy_identity_type="static_key", deploy_subject="", deploy_static_secret=True),
    "under-tiered": _set(risk_tier="low"),
    "unpinned": _unpinned,
    "vague": _set(process_id=None),
    "vendor-hosted": _set(vendor_hosted=True, enforcement_point="", default_policy="",
                          deploy_identity_type="", deploy_subject="", deploy_static_secret=None,
                          kill_switch_tested_at=None, kill_switch_minutes=None),
    "wrong-policy": _set(policy_id="AGP-OPS"),
}  # fmt: skip
