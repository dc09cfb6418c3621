"""What the register says beyond identity and rights: limits, domains, risk mapping, tests, approval as a whole.

In: an agent of cast.py and a quarter. Out: fields of its record as they should be.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from company.cast import DOMAIN, Agent, Quarter, mail

Fields = dict[str, Any]

RISK_OWNERS = {
    "operations": "mara.lindqvist",
    "care": "priya.halloran",
    "finance": "ravi.thorsen",
    "it": "noor.haddadin",
    "customs": "sofia.reinholt",
    "people": "greta.salonen",
}
OUTBOUND = ("mail.send", "mail.reply", "sms.send", "pay.refund", "pay.release", "camera.export")
"""Tools that can send outside the company."""
UNTRUSTED = ("mail/inbox", "claims/cases", "portal/chat", "edi/inbox", "ftp/partners", "web/prices")
"""Data that people outside may write."""
ISSUERS = {"role": "aws iam", "oauth": "okta"}
LIMITS = {"max_calls_per_minute": 60, "max_cost_per_day": 2000, "max_steps": 40}
PROMPT = "p-2026-02"


def area(prefix: str) -> str:
    """Return the domain that a data prefix belongs to; of what HR keeps, each part is one."""
    if prefix.startswith("arn:"):
        return "cloud"
    system, _, part = prefix.partition("/")
    return part if system == "hr" else system


def targets(agent: Agent) -> list[str]:
    """Return the hosts that an agent's tools send to."""
    specs = [t.split("|") for t in agent.tools + agent.unused]
    out = {p.split("/")[0] for n, e, p, _ in specs if n in OUTBOUND or e in ("publish", "transfer")}
    return [f"{system}.{DOMAIN}" for system in sorted(out)]


def controls(agent: Agent, quarter: Quarter, born: str, signed: str) -> Fields:
    """Return the fields; `born` and `signed` are the days of the record and of its approval."""
    prefixes = [t.split("|")[2] for t in agent.tools + agent.unused]
    ago = {days: _iso(quarter.end - timedelta(days=days)) for days in (10, 90, 100)}
    return {
        "autonomy_approved_by": mail("noor.haddadin"),
        "domains": sorted({area(p) for p in prefixes}),
        "risk_mapped_at": born,
        "risk_signed_off_by": mail(RISK_OWNERS[agent.unit]),
        "risk_signed_off_at": signed,
        "identity_issuer": ISSUERS.get(agent.cred, "spire"),
        "identity_attested_at": ago[90],
        **LIMITS,
        "prompt_version": PROMPT,
        "secret_scan_at": ago[10],
        "secret_findings_open": 0,
        "tested_at": ago[100],
        "test_evidence": f"tests/{quarter.id}/{agent.short}",
        "user_facing": agent.unit == "care",
        "report_channel": "agent-desk, answered by IT within a day",
        "contexts": [{"name": f"{agent.env}/agents", "granted_at": signed, "approved_at": signed}],
        "destinations": [
            {"name": host, "granted_at": signed, "approved_at": signed} for host in targets(agent)
        ],
    }


def _iso(moment: Any) -> str:
    return str(moment.strftime("%Y-%m-%dT%H:%M:%SZ"))


def approved_whole(record: Fields) -> Fields:
    """Return the snapshot of what a record holds, as somebody signed it."""
    kinds = {
        "tool": "tools",
        "data": "data_sources",
        "entitlement": "entitlements",
        "destination": "destinations",
        "context": "contexts",
    }
    items = [{"type": k, "name": g["name"]} for k, part in kinds.items() for g in record[part]]
    for component in record["components"]:
        kind = "model" if component["type"] == "model" else "component"
        items.append({"type": kind, "name": component["name"], "version": component["version"]})
    items.append({"type": "prompt", "name": "version", "version": record["prompt_version"]})
    items.append({"type": "autonomy", "name": "autonomy", "version": record["autonomy"][1:]})
    items += [
        {"type": "limit", "name": n, "version": str(record[n])} for n in LIMITS if record.get(n)
    ]
    return {"approved_at": record["approved_at"], "items": items}
