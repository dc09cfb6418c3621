"""What the LLM gateway (LiteLLM) exports: agents, keys, MCP servers, its log of calls and its audit log; and the servers' lists of tools."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from utility.cast import BY_KEY, BY_NAME, DELETE, READ, Agent, Quarter, dice, guid, iso, present

Json = dict[str, Any]


def files(quarter: Quarter) -> dict[str, Any]:
    """Give each file by its place."""
    agents = list(present(quarter))
    known = [a for a in agents if a.in_cmdb]  # the pump copilot was made with a key that is gone
    made: dict[str, Any] = {
        "inventory/litellm/agents.json": [_agent(a, quarter) for a in known],
        "inventory/litellm/keys.json": {
            "keys": [
                *(_key(a, quarter) for a in known),
                *(_own_key(p, t) for p, t in OWN_KEYS.items()),
            ]
        },
        "inventory/litellm/mcp-servers.json": [
            _server(n) for n in sorted({t.server for a in agents for t in a.tools})
        ],
        **(
            {"logs/litellm/audit.json": {"audit_logs": list(_audit())}} if quarter.is_second else {}
        ),
    }
    for agent in (a for a in known if a.tools):
        made[f"inventory/mcp/{agent.key}.tools.json"] = {
            "tools": [_listed(t) for t in agent.tools_at(quarter.end)],
            "reporter_actor_id": agent.gateway_id,
        }
    calls = sorted(_calls(quarter, agents), key=lambda c: (c["startTime"], c["request_id"]))
    for month in sorted({c["startTime"][:7] for c in calls}):
        made[f"logs/litellm/spend-{month}.jsonl.gz"] = [
            c for c in calls if c["startTime"].startswith(month)
        ]
    return made


def _permission(agent: Agent, quarter: Quarter) -> Json:
    servers: dict[str, list[str]] = {}
    for tool in agent.tools_at(quarter.end):
        servers.setdefault("srv-" + tool.server, []).append(tool.name)
    return {"mcp_tool_permissions": servers, "mcp_servers": list(servers)}


def _agent(agent: Agent, quarter: Quarter) -> Json:
    return {
        "agent_id": agent.gateway_id,
        "agent_name": agent.key,
        "agent_card_params": {"name": agent.name},
        "litellm_params": _steps(agent),
        "rpm_limit": 60,
        "enabled": not (agent.retired and quarter.is_second),
        "object_permission": _permission(agent, quarter),
        "created_at": agent.since + "T09:40:00Z",
        "updated_at": agent.since + "T09:40:00Z",
        "created_by": BY_NAME["Henrik Aalto"].mail,
    }


def _steps(agent: Agent) -> Json:
    """Give how many calls a session may have; calls of the contract drafter need not name theirs."""
    if agent.key == "grid-forecaster":
        return {}
    return {
        "max_iterations": 60,
        "require_trace_id_on_calls_by_agent": agent.key != "contract-drafter",
    }


def _key(agent: Agent, quarter: Quarter) -> Json:
    # The key of the invoice matcher neither ends nor is rotated.
    tight = agent.key not in ("invoice-matcher", "contract-drafter")
    renewed, ends = quarter.end - timedelta(days=16), quarter.end + timedelta(days=60)
    if agent.retired:
        renewed, ends = datetime(2026, 5, 1), datetime(2026, 7, 10)  # it ends, and goes on working
    return {
        "token": agent.key_hash,
        "key_name": "sk-...0000",
        "key_alias": agent.key_alias,
        "expires": iso(ends) if tight else None,
        "models": [agent.model],
        "user_id": agent.identity,
        "agent_id": agent.gateway_id,
        "blocked": None,
        "rpm_limit": 60,
        "max_budget": 20.0,
        "budget_duration": "1d",
        "created_at": iso(renewed) if tight else "2025-01-20T09:41:00Z",
        "updated_at": iso(renewed),
        "auto_rotate": tight,
        "rotation_interval": "30d" if tight else None,
        "last_rotation_at": iso(renewed) if tight else None,
        "key_type": "llm_api",
        "object_permission": _permission(agent, quarter),
    }


OWN_KEYS = {
    "Priya Nandan": ("readings_get", "readings_list", "case_find"),
    "Jonas Weller": ("outage_list", "crew_report_get"),
    "Anna Kovac": ("readings_list", "district_flow_get", "case_find"),
    "Samir Haddad": ("bill_get", "credit_post", "mail_send", "tariff_get", "readings_get"),
    "Pavel Novak": ("order_get",),
}
"""What people may call themselves; Pavel may read orders and match nothing."""


def _own_key(name: str, tools: tuple[str, ...]) -> Json:
    return {
        "token": hashlib.sha256(f"invented key of {name}".encode()).hexdigest(),
        "key_name": "sk-...0000",
        "key_alias": BY_NAME[name].mail,
        "expires": "2026-12-31T00:00:00Z",
        "models": [],
        "user_id": BY_NAME[name].mail,
        "agent_id": None,
        "blocked": None,
        "created_at": "2026-02-02T09:00:00Z",
        "updated_at": "2026-02-02T09:00:00Z",
        "auto_rotate": False,
        "key_type": "llm_api",
        "object_permission": {
            "mcp_tool_permissions": {"srv-own": list(tools)},
            "mcp_servers": ["srv-own"],
        },
    }


def _server(name: str) -> Json:
    approved = name != "pumps"
    return {
        "server_id": "srv-" + name,
        "server_name": name,
        "url": f"https://{name}-mcp.brightwater.example.com/mcp"
        if approved
        else "http://192.0.2.90:8080/mcp",
        "transport": "http",
        "auth_type": "bearer_token" if approved else "none",
        "created_at": "2026-01-05T08:00:00Z",
        "updated_at": "2026-01-07T08:00:00Z",
        "mcp_access_groups": [],
        "approval_status": "active" if approved else "pending_review",
        "submitted_by": BY_NAME["Henrik Aalto"].mail,
        "submitted_at": "2026-01-05T08:00:00Z",
        "reviewed_at": "2026-01-07T08:00:00Z" if approved else None,
        "status": "healthy",
    }


def _listed(tool: Any) -> Json:
    hints: Json = {"readOnlyHint": tool.effect == READ, "openWorldHint": tool.outbound}
    if tool.effect != READ:
        hints["destructiveHint"] = tool.effect == DELETE
    return {
        "name": tool.name,
        "inputSchema": {"type": "object", "properties": {}},
        "annotations": hints,
    }


def _call(
    agent: Agent,
    moment: datetime,
    session: str,
    tool: Any = None,
    status: str = "success",
    person: str = "",
    model: str = "",
) -> Json:
    metadata: Json = {
        "user_api_key_alias": agent.key_alias,
        "user_api_key_user_id": agent.identity,
        "user_agent": "brightwater-agents/1.0",
    }
    if tool:
        metadata["mcp_tool_call_metadata"] = {"name": tool.name, "mcp_server_name": tool.server, "namespaced_tool_name": f"{tool.server}/{tool.name}",
                                              "arguments": {"to": tool.to} if tool.to else {}}  # fmt: skip
    if status == "failure":
        metadata["error_information"] = {
            "error_code": "403",
            "error_class": "PermissionDeniedError",
        }
    return {
        "request_id": guid(f"call {agent.key} {iso(moment)} {tool.name if tool else 'model'}"),
        "call_type": "call_mcp_tool" if tool else "acompletion",
        "api_key": agent.key_hash,
        "spend": 0.0004,
        "total_tokens": 600,
        "startTime": f"{moment:%Y-%m-%dT%H:%M:%S}.000000+00:00",
        "endTime": f"{moment + timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}.000000+00:00",
        "model": f"MCP: {tool.name}" if tool else model or agent.model,
        "api_base": "",
        "user": agent.identity,
        "end_user": person,
        "session_id": session,
        "status": status,
        "agent_id": agent.gateway_id,
        "mcp_namespaced_tool_name": f"{tool.server}/{tool.name}" if tool else None,
        "requester_ip_address": "192.0.2.40",
        "metadata": metadata,
    }


def _calls(quarter: Quarter, agents: list[Agent]) -> Iterator[Json]:
    for agent in agents:
        for day in quarter.days():
            if f"{day:%Y-%m-%d}" < agent.since or (
                agent.retired and f"{day:%Y-%m-%d}" > agent.retired
            ):
                continue
            # Those that live elsewhere come by once a week.
            if agent.host != "eks" and day.weekday() != 0:
                continue
            start = day + timedelta(
                hours=8, minutes=dice("calls", agent.key, iso(day)).randint(0, 59)
            )
            session = guid(f"session {agent.key} {iso(day)}")
            person = BY_NAME[agent.owner].mail
            yield _call(agent, start, session, person=person)
            for number, tool in enumerate(agent.tools):
                if tool.since > f"{day:%Y-%m-%d}" or (tool.effect == DELETE and day.day != 12):
                    continue
                yield _call(
                    agent,
                    start + timedelta(seconds=10 * (number + 1)),
                    session,
                    tool,
                    person=person,
                )
    if not quarter.is_second:
        return
    meter = BY_KEY["meter-anomaly"].tools[0]
    dispute = BY_KEY["billing-dispute"]
    bill, credit = dispute.tools[:2]
    asked = BY_NAME[dispute.owner].mail
    # The tariff helper was retired in June; its key goes on working.
    helper = BY_KEY["tariff-helper"]
    for day in (6, 13, 27):
        yield _call(helper, datetime(2026, 7, day, 9, 30), guid(f"late {day}"), helper.tools[0])
    # Another agent uses the key of the invoice matcher.
    for day in (3, 10, 17):
        made = _call(
            BY_KEY["contract-drafter"],
            datetime(2026, 9, day, 14),
            guid(f"borrowed {day}"),
            BY_KEY["invoice-matcher"].tools[0],
        )
        yield made | {"api_key": BY_KEY["invoice-matcher"].key_hash}
    # The gateway refuses what was never granted.
    yield _call(
        BY_KEY["leak-detector"],
        datetime(2026, 9, 4, 2, 10),
        guid("refused"),
        bill,
        status="failure",
    )
    yield _call(dispute, datetime(2026, 9, 21, 10, 0), guid("odd"), meter, person=asked)
    # A burst: more calls in a minute than its key allows.
    burst = datetime(2026, 9, 22, 11, 0)
    for second in range(0, 56):
        for half in range(2):
            yield _call(
                dispute, burst + timedelta(seconds=second), guid("burst"), bill, person=asked
            ) | {"request_id": guid(f"burst {second} {half}")}
    yield _call(dispute, burst + timedelta(minutes=2), guid("burst"), credit, person=asked)


def _audit() -> Iterator[Json]:
    drafter = BY_KEY["contract-drafter"]
    yield {
        "id": guid("gateway audit 1"),
        "updated_at": "2026-08-24T16:05:00.000Z",
        "changed_by": BY_NAME["Noah Brandt"].mail,
        "changed_by_api_key": "",
        "action": "updated",
        "table_name": "LiteLLM_AgentsTable",
        "object_id": drafter.gateway_id,
        "before_value": {
            "agent_id": drafter.gateway_id,
            "object_permission": {
                "mcp_tool_permissions": {"srv-contracts": ["template_get", "draft_save"]}
            },
        },
        "updated_values": {
            "object_permission": {
                "mcp_tool_permissions": {
                    "srv-contracts": ["template_get", "draft_save", "draft_delete"]
                }
            }
        },
    }
    yield {
        "id": guid("gateway audit 2"),
        "updated_at": "2026-08-26T10:00:00.000Z",
        "changed_by": BY_NAME["Noah Brandt"].mail,
        "changed_by_api_key": "",
        "action": "updated",
        "table_name": "LiteLLM_VerificationToken",
        "object_id": BY_KEY["billing-dispute"].key_hash,
        "before_value": {
            "agent_id": BY_KEY["billing-dispute"].gateway_id,
            "models": [BY_KEY["billing-dispute"].model],
        },
        "updated_values": {
            "models": [
                BY_KEY["billing-dispute"].model,
                "bedrock/eu.anthropic.claude-haiku-4-5-20251001-v1:0",
            ]
        },
    }
