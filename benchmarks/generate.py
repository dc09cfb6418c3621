"""Make a synthetic workspace: agents with tools, data, credentials, reviews; events of about 400 bytes, one JSON a line.

usage: python benchmarks/generate.py OUT --events N [--agents 2000] [--tools 300] [--seed 7]

Same arguments, same bytes. Seeded defects, about one in a hundred: unregistered agents, shared credentials, tools outside the
scope, events after retirement, high-impact actions without approval, unowned agents.
"""

from __future__ import annotations

import argparse
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

FROM = datetime(2026, 7, 1, tzinfo=UTC)
DAYS = 92
FAMILIES = ("s3", "kms", "sql", "crm", "mail", "git", "pay", "hr", "web", "iam")
VERBS = ("get", "list", "put", "delete", "query", "send", "create", "update", "assume", "export")
HEAD = (
    "organisation: Synthetic Ltd\nperiod: {from: '2026-07-01', to: '2026-10-01'}\n"
    "as_of: '2026-10-01'\nprofile: baseline\n"
)
EFFECTS = {
    "delete": "delete",
    "send": "publish",
    "put": "write",
    "create": "write",
    "update": "write",
}


def main() -> None:
    """Read the command line and write the workspace."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--events", type=int, required=True)
    parser.add_argument("--agents", type=int, default=2000)
    parser.add_argument("--tools", type=int, default=300)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    rnd = random.Random(given.seed)
    for folder in ("inventory", "logs", "statements"):
        (given.out / folder).mkdir(parents=True, exist_ok=True)
    (given.out / "reporter.yml").write_text(HEAD + "log_sources: {gateway: {every: day}}\n")
    tools = [
        f"{FAMILIES[i % 10]}.{VERBS[(i // 10) % 10]}_{'abc'[(i // 100) % 3]}{i // 300}"
        for i in range(given.tools)
    ]
    principals = [f"arn:aws:iam::1234:role/agent-{i:05d}" for i in range(given.agents)]
    scopes = write_register(given.out, tools, rnd, principals, "gateway")
    _events(given.out / "logs" / "events.jsonl", given.events, scopes, tools, rnd)


def _iso(second: float) -> str:
    return (FROM + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _effect(tool: str) -> str:
    """The effect of a tool; a whole family is read as what most of it does."""
    return EFFECTS.get(tool.split(".")[1].split("_")[0], "read")


def write_register(
    out: Path, tools: list[str], rnd: random.Random, principals: list[str], log: str
) -> list[list[str]]:
    """Write people, a policy and an agent for each principal; return the tools of each agent."""
    scopes = []
    with (out / "inventory" / "register.jsonl").open("w", encoding="utf-8") as register:
        for person in range(180):
            _write(
                register,
                {
                    "type": "human",
                    "actor_id": f"person-{person:03d}",
                    "state": "active",
                    "owner_id": "person-000",
                    "strong_auth": True,
                },
            )
        _write(
            register,
            {
                "type": "policy",
                "policy_id": "AGT-1",
                "scope": "agents",
                "status": "approved",
                "approved_by": "CISO",
                "version": "2",
                "effective_at": "2026-01-01T00:00:00Z",
                "review_due": "2027-01-01T00:00:00Z",
                "clauses": "identity;actions;data;escalation;human review;logging;third parties;retirement",
            },
        )
        for i, principal in enumerate(principals):
            family = rnd.choice(FAMILIES)
            exact = rnd.sample(tools, 4)
            scopes.append([*exact, *(t for t in tools if t.startswith(f"{family}."))])
            _write(register, _agent(i, [f"{family}.*", *exact], rnd, principal, log))
    return scopes


def _agent(
    i: int, scope: list[str], rnd: random.Random, principal: str, log: str
) -> dict[str, object]:
    return {
        "type": "agent",
        "actor_id": f"agent-{i:05d}",
        "name": f"Agent {i}",
        "environment": "production",
        "business_unit": ("retail", "ops", "finance", "hr")[i % 4],
        "state": "retired" if i % 41 == 0 else "active",
        "retired_at": _iso(40 * 86400) if i % 41 == 0 else None,
        "created_at": "2026-01-10T00:00:00Z",
        "approved_at": "2026-01-12T00:00:00Z",
        "activated_at": "2026-01-15T00:00:00Z",
        "updated_at": _iso(60 * 86400),
        "expires_at": "2027-01-15T00:00:00Z",
        "owner_id": f"person-{i % 180:03d}" if i % 50 else "",
        "owner_confirmed_at": _iso(30 * 86400),
        "technical_owner_id": f"person-{(i + 1) % 180:03d}",
        "purpose": "Answer supplier questions and update the purchase order they refer to",
        "process_id": f"P-{i % 30}",
        "autonomy": i % 4,
        "risk_tier": ("low", "medium", "high")[i % 3],
        "risk_categories": "operational",
        "principal_id": principal,
        "principal_type": "agent",
        "default_policy": "deny",
        "enforcement_point": "gateway",
        "review_cadence_days": 90,
        "policy_id": "AGT-1",
        "policy_version": "2",
        "log_sources": [log],
        "credentials": [
            {
                "credential_id": f"cred-{(i if i % 97 else i // 97 % 7):05d}",
                "type": "api_key",
                "storage": "vault",
                "issued_at": "2026-05-01T00:00:00Z",
                "expires_at": "2026-12-01T00:00:00Z",
                "last_rotated_at": _iso(20 * 86400),
                "privileged": False,
            }
        ],
        "tools": [
            {
                "name": tool,
                "effect": _effect(tool),
                "reversible": True,
                "justification": "needed for the process",
                "risk_category": "operational",
                "granted_at": "2026-01-12T00:00:00Z",
                "approved_at": "2026-01-12T00:00:00Z",
                "needs_approval": _effect(tool) in ("delete", "publish"),
            }
            for tool in scope
        ],
        "data_sources": [
            {
                "name": f"arn:aws:{tool.split('.')[0]}:eu-west-1:12345678:object/*",
                "classification": "internal",
                "justification": "orders",
                "risk_category": "operational",
                "granted_at": "2026-01-12T00:00:00Z",
                "approved_at": "2026-01-12T00:00:00Z",
            }
            for tool in scope[:3]
        ],
        "reviews": [
            {
                "review_id": f"rev-{i:05d}",
                "due_at": _iso(70 * 86400),
                "completed_at": _iso(rnd.randrange(60, 90) * 86400),
            }
        ],
    }


def _events(
    path: Path, n: int, scopes: list[list[str]], tools: list[str], rnd: random.Random
) -> None:
    agents = len(scopes)
    with path.open("w", encoding="utf-8", buffering=1 << 20) as log:
        for k in range(n):
            i = int(agents * rnd.random() ** 1.7)
            dice = rnd.random()
            tool = (
                scopes[i][int(rnd.random() * len(scopes[i]))]
                if dice < 0.985
                else tools[int(rnd.random() * len(tools))]
            )
            family = tool.split(".")[0]
            second = k / n * DAYS * 86400
            actor = f"agent-{i:05d}" if dice < 0.999 else f"unregistered-{k % 50:03d}"
            effect = _effect(tool)
            approval = f'"APR-{k % 10_000_000:07d}"' if effect in ("delete", "publish") else "null"
            log.write(
                f'{{"event_id":"{k:012x}","time":"{_iso(second)}","ingested_at":"{_iso(second + 3)}",'
                f'"log_source":"gateway","actor_id":"{actor}","actor_kind":"agent",'
                f'"credential_id":"cred-{(i if i % 97 else i // 97 % 7):05d}","session_id":"s-{k // 9:x}",'
                f'"event_class":"tool","action":"{tool.split(".")[1]}","tool":"{tool}","effect":"{effect}",'
                f'"resource":"arn:aws:{family}:eu-west-1:12345678:object/{(k * 2654435761) & 0xFFFFFFFF:08x}",'
                f'"environment":"production","source_ip":"10.{k & 255}.{i & 255}.7","approval_id":{approval},'
                f'"outcome":"{("success", "success", "success", "denied", "error")[k % 5 if dice < 0.2 else 0]}"}}\n'
            )


def _write(file: object, record: dict[str, object]) -> None:
    file.write(json.dumps(record, separators=(",", ":")) + "\n")  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
