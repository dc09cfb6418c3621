"""What ServiceNow exports: configuration items, users, changes and approvals, incidents and problems, exceptions and risks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from utility.cast import (
    BY_KEY,
    BY_NAME,
    PEOPLE,
    Agent,
    Quarter,
    desk,
    hexid,
    present,
)

Json = dict[str, Any]
BASE = "https://brightwater.service-now.example/api/now/table/"
LEVELS = {"low": "4 - not critical", "medium": "3 - less critical", "high": "2 - somewhat critical"}


def files(quarter: Quarter) -> dict[str, Any]:
    """Give each file by its place."""
    made: dict[str, Any] = {
        "inventory/agents/servicenow-items.json": {
            "result": [*(_item(a, quarter) for a in _items(quarter)), *_services()]
        },
        "inventory/agents/servicenow-relations.json": {
            "result": [_relation(a) for a in _items(quarter)]
        },
        "inventory/agents/servicenow-users.json": {"result": [_user(p, quarter) for p in PEOPLE]},
        "inventory/agents/servicenow-entities.json": {
            "result": [_entity(a) for a in _items(quarter)]
        },
        "inventory/agents/servicenow-risks.json": {"result": [_risk(a) for a in _mapped(quarter)]},
        "inventory/agents/servicenow-assessments.json": {
            "result": [_assessment(a) for a in _mapped(quarter)]
        },
        "inventory/agents/servicenow-risk-approvals.json": {
            "result": [
                _decision(
                    a,
                    "sn_risk_advanced_risk_assessment_instance",
                    hexid("assessment " + a.key, 32),
                    4,
                )
                for a in _mapped(quarter)
            ]
        },
        "statements/servicenow/item-approvals.json": {
            "result": [
                _decision(a, "cmdb_ci_appl", a.sys_id, 6)
                for a in _items(quarter)
                if a.key != "release-notes"
            ]
        },
        "statements/servicenow/changes.json": {"result": [_change(c) for c in _changes(quarter)]},
        "statements/servicenow/approvals.json": {
            "result": [_approval(c) for c in _changes(quarter) if c[4]]
        },
        "statements/servicenow/exceptions.json": {"result": list(_exceptions(quarter))},
    }
    incidents = list(_incidents(quarter))
    if incidents:
        made["statements/servicenow/incidents.json"] = {"result": incidents}
        made["statements/servicenow/problems.json"] = {"result": [_problem()]}
    return made


def _link(table: str, sys_id: str) -> Json:
    return {"link": f"{BASE}{table}/{sys_id}", "value": sys_id}


def _person(name: str) -> Json:
    return _link("sys_user", BY_NAME[name].sys_id)


def _items(quarter: Quarter) -> list[Agent]:
    return [a for a in present(quarter) if a.in_cmdb]


def _ids(agent: Agent) -> tuple[str, str]:
    """Give the ids by which other systems know the agent: at the gateway, and as correlated."""
    if agent.key == "cost-watcher":
        return agent.gateway_id, "arn:aws:bedrock:eu-central-1:111122223333:agent/BWCOST0001"
    if agent.host == "claude":
        return agent.gateway_id, "claude-code:" + agent.key
    return agent.gateway_id, agent.key if agent.host == "client" else agent.app_id


def _item(agent: Agent, quarter: Quarter) -> Json:
    object_id, correlation_id = _ids(agent)
    attested = quarter.end - timedelta(days=40)
    gone = agent.retired and (agent.retired + "T00:00:00Z") < quarter.end.strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )
    late = agent.key == "invoice-matcher"
    return {
        "sys_id": agent.sys_id,
        "sys_class_name": "cmdb_ci_appl",
        "name": agent.key,
        "category": "AI Agent",
        "owned_by": _person(agent.owner),
        "managed_by": _person(agent.deputy),
        "support_group": _link("sys_user_group", hexid("group " + agent.unit, 32)),
        "department": agent.unit,
        "environment": agent.environment,
        "operational_status": "6" if gone else "1",
        "install_status": "7" if gone else "1",
        "business_criticality": LEVELS[agent.risk],
        "sys_created_on": agent.since + " 08:00:00",
        "sys_updated_on": desk(quarter.end - timedelta(days=2)),
        "attested_date": "2025-12-01 09:00:00" if late else desk(attested),
        "attested_by": _person(agent.owner),
        "retirement_date": agent.retired + " 12:00:00" if agent.retired else "2027-01-31 00:00:00",
        "object_id": object_id,
        "correlation_id": correlation_id,
        "short_description": agent.purpose,
    }


def _services() -> Iterator[Json]:
    for unit in ("Networks", "Customer service", "Finance", "Platform"):
        yield {
            "sys_id": hexid("service " + unit, 32),
            "sys_class_name": "cmdb_ci_service",
            "name": unit + " service",
            "owned_by": _person("Maren Solheim"),
            "operational_status": "1",
        }


def _relation(agent: Agent) -> Json:
    return {
        "sys_id": hexid("relation " + agent.key, 32),
        "parent": _link("cmdb_ci", hexid("service " + agent.unit, 32)),
        "child": _link("cmdb_ci", agent.sys_id),
        "type": _link("cmdb_rel_type", hexid("depends on", 32)),
    }


def _user(person: Any, quarter: Quarter) -> Json:
    return {
        "sys_id": person.sys_id,
        "user_name": person.login,
        "email": person.mail,
        "name": person.name,
        "active": "false" if person.left and person.left < f"{quarter.end:%Y-%m-%d}" else "true",
        "locked_out": "false",
        "manager": _person(person.manager) if person.manager else "",
        "sys_created_on": "2021-03-01 08:00:00",
        "web_service_access_only": "false",
    }


def _entity(agent: Agent) -> Json:
    return {
        "sys_id": hexid("entity " + agent.key, 32),
        "name": agent.name,
        "applies_to": agent.sys_id,
        "table": "cmdb_ci_appl",
        "profile_class": "x",
        "owned_by": "",
    }


def _risk(agent: Agent) -> Json:
    category = {
        "Networks": "Operational",
        "Customer service": "Customer",
        "Finance": "Financial",
        "Platform": "Technology",
    }[agent.unit]
    return {
        "sys_id": hexid("risk " + agent.key, 32),
        "number": f"RK{int(hexid('risk ' + agent.key, 5), 16):07d}",
        "profile": _link("sn_grc_profile", hexid("entity " + agent.key, 32)),
        "category": category,
        "state": "Monitor",
        "inherent_score": "4",
        "residual_score": "2",
        "sys_created_on": _before(agent, 9),
    }


def _mapped(quarter: Quarter) -> list[Agent]:
    return [a for a in _items(quarter) if a.key != "tender-watch"]


def _before(agent: Agent, days: int) -> str:
    """Write a moment some days before an agent came."""
    return desk(datetime.fromisoformat(agent.since) - timedelta(days=days) + timedelta(hours=8))


def _assessment(agent: Agent) -> Json:
    return {
        "sys_id": hexid("assessment " + agent.key, 32),
        "number": f"RASMT{int(hexid('assessment ' + agent.key, 5), 16):07d}",
        "risk": _link("sn_risk_risk", hexid("risk " + agent.key, 32)),
        "state": "3",
    }


def _decision(agent: Agent, table: str, document: str, days: int) -> Json:
    """Give the approval of an item, or of an assessment of its risk, some days before the agent came."""
    return {
        "sys_id": hexid(f"decision {table} {agent.key}", 32),
        "approver": _person("Tomas Vidal"),
        "state": "approved",
        "sysapproval": "",
        "document_id": _link(table, document),
        "source_table": table,
        "sys_created_on": _before(agent, days + 1),
        "sys_updated_on": _before(agent, days),
    }


Change = tuple[str, Agent, datetime, str, str, str]
"""Number, agent, start of work, who asked, who approved, type."""


def _changes(quarter: Quarter) -> Iterator[Change]:
    number = 30001 if quarter.id == "2026-q2" else 30101
    for place, agent in enumerate(a for a in _items(quarter) if not a.retired):
        asked = "Ruben Smit"
        approver = "Tomas Vidal" if agent.risk == "high" else "Ingrid Falk"
        yield (
            f"CHG{number + place:07d}",
            agent,
            quarter.begin + timedelta(days=11 + 4 * place, hours=9),
            asked,
            approver,
            "normal",
        )
    if quarter.is_second:
        yield (
            "CHG0030191",
            BY_KEY["invoice-matcher"],
            datetime(2026, 9, 10, 9),
            "Pavel Novak",
            "Pavel Novak",
            "normal",
        )
        yield (
            "CHG0030192",
            BY_KEY["contract-drafter"],
            datetime(2026, 8, 24, 16),
            "Noah Brandt",
            "",
            "emergency",
        )


def _change(change: Change) -> Json:
    number, agent, start, asked, approver, kind = change
    return {
        "sys_id": hexid("change " + number, 32),
        "number": number,
        "type": kind,
        "state": "3",
        "cmdb_ci": _link("cmdb_ci", agent.sys_id),
        "requested_by": _person(asked),
        "opened_by": _person("Ruben Smit"),
        "start_date": desk(start),
        "work_start": desk(start),
        "approval": "approved" if approver else "not requested",
        "approval_set": desk(start - timedelta(hours=20)) if approver else "",
        "short_description": "Invented",
        "close_code": "successful",
    }


def _approval(change: Change) -> Json:
    number, _, start, _, approver, _ = change
    target = hexid("change " + number, 32)
    return {
        "sys_id": hexid("approval " + number, 32),
        "approver": _person(approver),
        "state": "approved",
        "sysapproval": _link("task", target),
        "document_id": _link("change_request", target),
        "source_table": "change_request",
        "sys_created_on": desk(start - timedelta(days=2)),
        "sys_updated_on": desk(start - timedelta(hours=20)),
    }


def _exceptions(quarter: Quarter) -> Iterator[Json]:
    def one(number: str, agent: Agent, **more: str) -> Json:
        return {
            "sys_id": hexid("exception " + number, 32),
            "number": number,
            "state": "8",
            "policy": _link("sn_compliance_policy", hexid("policy agents", 32)),
            "cmdb_ci": _link("cmdb_ci", agent.sys_id),
            "opened_by": _person(agent.owner),
            "approved_by": _person("Tomas Vidal"),
            "justification": "Invented",
            "mitigating_controls": "Invented",
            "valid_from": f"{quarter.begin:%Y-%m-%d}",
            "valid_to": f"{quarter.end:%Y-%m-%d}",
            **more,
        }

    yield one("PER0010001", BY_KEY["billing-dispute"])
    if quarter.is_second:
        yield one("PER0010002", BY_KEY["invoice-matcher"], valid_to="", mitigating_controls="")


def _incidents(quarter: Quarter) -> Iterator[Json]:
    if not quarter.is_second:
        return
    for number, agent, opened, problem in (
        ("INC0042001", BY_KEY["snapshot-keeper"], datetime(2026, 8, 12, 4, 0), "snapshot"),
        ("INC0042002", BY_KEY["billing-dispute"], datetime(2026, 9, 22, 12, 0), ""),
    ):
        yield {
            "sys_id": hexid("incident " + number, 32),
            "number": number,
            "opened_at": desk(opened),
            "resolved_at": desk(opened + timedelta(hours=5)),
            "contained_at": desk(opened + timedelta(minutes=50)) if problem else "",
            "state": "6",
            "cmdb_ci": agent.sys_id,
            "close_notes": "Invented",
            "close_code": "Solution provided",
            "problem_id": hexid("problem " + problem, 32) if problem else "",
            "work_notes": "Invented",
            "rfc": "",
            "sys_class_name": "incident",
        }


def _problem() -> Json:
    return {
        "sys_id": hexid("problem snapshot", 32),
        "number": "PRB0040001",
        "opened_at": "2026-08-12 11:00:00",
        "state": "107",
        "resolution_code": "fix_applied",
        "cmdb_ci": BY_KEY["snapshot-keeper"].sys_id,
        "fix_notes": "Invented",
    }
