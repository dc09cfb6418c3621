"""The register as it should be: the record of an agent without any gap, at the end of a quarter.

In: an agent of cast.py and a quarter. Out: its record, the identity and credential it acts with.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from company.cast import ACCOUNT, DOMAIN, SHARED_KEY, Agent, Quarter, mail
from company.controls import OUTBOUND, UNTRUSTED, area, controls

Record = dict[str, Any]


HIGH = ("delete", "transfer", "publish", "execute", "admin", "grant")
CADENCE = {"critical": 30, "high": 90, "medium": 180, "low": 365}
RISKS = {
    "operations": "operational",
    "care": "customer impact",
    "finance": "financial control",
    "it": "operational",
    "customs": "regulated workflow",
    "people": "privacy",
    "board": "operational",
}
POLICY_OF = {
    "operations": "AGP-OPS",
    "care": "AGP-CARE",
    "finance": "AGP-FIN",
    "it": "AGP-IT",
    "people": "AGP-HR",
}
MODEL = "fjord-large-2026-03-18"
CLIENTS = {
    "agt-mail-sorter": "0oafrt10mailsorter00",
    "agt-contract-reader": "0oafrt11contracts000",
    "agt-hr-screener": "0oafrt12hrscreener00",
    "agt-tender-drafter": "0oafrt13tenderdraft0",
}


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
    name = agent.short.removesuffix("-test") if "same-identity" in agent.gaps else agent.short
    return f"{kind[agent.cred]}-{name}"


def governed(agent: Agent, quarter: Quarter) -> Record:
    """Return the record as it would be if nothing were wrong."""
    return {
        **_identity(agent, quarter),
        **_runtime(agent, quarter),
        **controls(agent, quarter, iso(day(agent.since)), granted(agent)),
        "tools": _tools(agent),
        "data_sources": _data(agent),
        "entitlements": _rights(agent),
        "credentials": [_credential(agent, quarter)],
        "components": _components(agent, quarter),
        "reviews": _reviews(agent, quarter),
        "log_sources": [agent.log],
        "state_changes": _history(agent),
    }


def _identity(agent: Agent, quarter: Quarter) -> Record:
    born = day(agent.since)
    return {
        "type": "agent",
        "actor_id": agent.id,
        "name": agent.short.replace("-", " ").capitalize(),
        "environment": agent.env,
        "business_unit": agent.unit,
        "state": "active",
        "created_at": iso(born),
        "approved_at": iso(born + timedelta(days=2)),
        "activated_at": iso(born + timedelta(days=5)),
        "expires_at": iso(quarter.end + timedelta(days=200)),
        "updated_at": iso(quarter.end - timedelta(days=21)),
        "owner_id": mail(agent.owner) if agent.owner else None,
        "owner_confirmed_at": iso(quarter.end - timedelta(days=60)),
        "technical_owner_id": mail(agent.deputy) if agent.deputy else None,
        "purpose": agent.purpose,
        "process_id": f"P-{agent.unit[:3].upper()}-{len(agent.purpose) % 7 + 1}",
        "autonomy": f"L{agent.autonomy}",
        "risk_tier": agent.tier,
        "risk_categories": [RISKS[agent.unit]],
        "principal_id": principal(agent),
        "principal_type": "agent",
    }


def _runtime(agent: Agent, quarter: Quarter) -> Record:
    runs_code = any(split(t)[1] == "execute" for t in agent.tools)
    return {
        "default_policy": "deny",
        "enforcement_point": "gateway" if agent.cred != "role" else "iam",
        "review_cadence_days": CADENCE[agent.tier],
        "kill_switch": "disable identity at the gateway",
        "kill_switch_owner": mail("it-soc"),
        "kill_switch_tested_at": iso(quarter.end - timedelta(days=75)),
        "kill_switch_minutes": 4,
        "sandbox_type": None if runs_code else "none",
        "memory_scope": "session",
        "memory_ttl_days": 1,
        "memory_sources": "own session",
        "memory_write_check": True,
        "deploy_identity_type": "federated",
        "deploy_static_secret": False,
        "deploy_subject": "iss=https://ci.example.com;aud=agents;sub=repo:freight/agents:ref:main",
        "vendor_hosted": False,
        "policy_id": POLICY_OF.get(agent.unit),
        "policy_version": "2.0",
    }


def granted(agent: Agent) -> str:
    """Return the day on which what an agent may do was granted."""
    return iso(day(agent.since) + timedelta(days=2))


def _tools(agent: Agent) -> list[Record]:
    when = granted(agent)
    return [
        {
            "name": name,
            "effect": effect,
            "reversible": effect in ("read", "write"),
            "needs_approval": effect in HIGH,
            "activation": activated(agent, effect),
            "domain": area(prefix),
            "outbound": name in OUTBOUND,
            "justification": f"needed to {agent.purpose[0].lower()}{agent.purpose[1:]}"[:70],
            "risk_category": RISKS[agent.unit],
            "granted_at": when,
            "approved_at": when,
        }
        for name, effect, prefix, _ in map(split, agent.tools + agent.unused)
    ]


def activated(agent: Agent, effect: str) -> bool:
    """Tell whether a right is held dormant and switched on by an approval, for eight hours."""
    ruled = agent.approval == "valid" and "no-approval-rule" not in agent.gaps
    return effect in HIGH and ruled


def _data(agent: Agent) -> list[Record]:
    when = granted(agent)
    specs = [split(t) for t in agent.tools + agent.unused]
    classes = {prefix: c for _, _, prefix, c in specs}
    changed = {prefix for _, effect, prefix, _ in specs if effect != "read"}
    return [
        {
            "name": f"{prefix}/*",
            "classification": c,
            "domain": area(prefix),
            "mode": "both" if prefix in changed else "read",
            "untrusted": prefix in UNTRUSTED,
            "justification": f"what it works on: {prefix}",
            "risk_category": RISKS[agent.unit],
            "granted_at": when,
            "approved_at": when,
        }
        for prefix, c in classes.items()
    ]


def _rights(agent: Agent) -> list[Record]:
    when = granted(agent)
    return [
        {
            "name": f"{prefix}/*",
            "action": name,
            "role": f"{agent.short}-{effect}",
            "effect": effect,
            "privileged": effect in HIGH,
            "activation": activated(agent, effect),
            "justification": f"{name} on {prefix}",
            "risk_category": RISKS[agent.unit],
            "granted_at": when,
            "approved_at": when,
        }
        for name, effect, prefix, _ in map(split, agent.tools + agent.unused)
    ]


def _credential(agent: Agent, quarter: Quarter) -> Record:
    own = {"credential_id": credential_id(agent), "environment": agent.env, "privileged": False}
    if agent.cred in ("key", "shared"):
        issued, ends = quarter.end - timedelta(days=40), quarter.end + timedelta(days=45)
        kind, storage = "api_key", "vault"
    else:
        issued, ends = quarter.end - timedelta(hours=6), quarter.end + timedelta(hours=5)
        kind, storage = {
            "workload": ("workload_identity", "none"),
            "role": ("workload_identity", "none"),
            "token": ("token", "vault"),
            "oauth": ("token", "vault"),
        }[agent.cred]
    return own | {
        "type": kind,
        "auth_method": "private_key_jwt" if kind == "token" else None,
        "storage": storage,
        "issued_at": iso(issued),
        "expires_at": iso(ends),
        "last_rotated_at": iso(issued),
        "rotation_days": 60 if kind == "api_key" else 1,
    }


def digest(text: str) -> str:
    """Return a content hash that is as long as a real one."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _components(agent: Agent, quarter: Quarter) -> list[Record]:
    approved = max(granted(agent), "2026-03-24T09:00:00Z")
    systems = list(dict.fromkeys(tool.split(".")[0] for tool in agent.tools))
    shared = {
        "pinned": True,
        "approved_at": approved,
        "reviewed_at": iso(quarter.end - timedelta(days=70)),
        "authenticated": True,
        "encrypted": True,
    }
    model = {
        "component_id": f"halden/{MODEL}",
        "type": "model",
        "name": "fjord-large",
        "vendor": "Halden Models",
        "version": MODEL,
        "hash": digest(MODEL),
        "registry": "freight-models",
    }
    if agent.cred == "role":
        return [model | shared]
    known = systems[:1] if agent.gaps else systems
    return [model | shared, *(_server(system) | shared for system in known)]


def _server(system: str) -> Record:
    return {
        "component_id": f"freight/mcp-{system}@2.4.1",
        "type": "mcp_server",
        "name": system,
        "vendor": "Acme Freight IT",
        "version": "2.4.1",
        "hash": digest(f"mcp-{system}@2.4.1"),
        "registry": "freight-mcp",
        "transport": "http",
        "secret_in_config": False,
    }


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
        review(agent, quarter, "a", before, before - cadence),
        review(agent, quarter, "b", last, before - timedelta(days=2)),
    ]


def review(agent: Agent, quarter: Quarter, mark: str, done: datetime, begin: datetime) -> Record:
    """Return a completed review that looked at the activity since `begin`."""
    return {
        "review_id": f"rev-{agent.short}-{quarter.id[-2:]}{mark}",
        "due_at": iso(done + timedelta(days=3)),
        "completed_at": iso(done),
        "snapshot_at": iso(done - timedelta(days=2)),
        "snapshot_from": iso(begin),
        "trigger": "calendar",
        "items": items(agent),
    }


def _history(agent: Agent) -> list[Record]:
    born = day(agent.since)
    live = iso(born + timedelta(days=5))
    return [
        {"state": "draft", "from_at": iso(born), "until_at": live},
        {"state": "active", "from_at": live},
    ]
