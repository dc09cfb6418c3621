"""What the cluster exports: service accounts, workloads with their walls, agents of kagent, its audit log, spans, the proxy's log."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from utility.cast import BY_KEY, GOVERNED, Agent, Quarter, dice, guid, hexid, iso, present

Json = dict[str, Any]
GATEWAY_SITE = "litellm.brightwater.example.com"
SPILL = "paste.example.net"
"""Where the billing dispute agent sent something in the third quarter; its network did not let it before."""


def files(quarter: Quarter) -> dict[str, Any]:
    """Give each file by its place."""
    return {
        "inventory/kubernetes/objects.json": {
            "apiVersion": "v1",
            "kind": "List",
            "items": list(_objects(quarter)),
        },
        "logs/kubernetes/audit.jsonl.gz": list(_audit(quarter)),
        "logs/otel/kagent.jsonl.gz": list(_spans(quarter)),
        "logs/elastic/proxy.jsonl.gz": list(_proxy(quarter)),
        "logs/elastic/proxy-a-year-ago.jsonl": list(_proxy_before(quarter)),
        "baseline/forecast.jsonl": list(_approved(quarter)),
    }


def _in_cluster(quarter: Quarter) -> list[Agent]:
    return [a for a in present(quarter) if a.host in ("eks", "kagent")]


def _objects(quarter: Quarter) -> Iterator[Json]:
    yield {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "agents", "labels": {"istio-injection": "enabled"}},
    }
    yield {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "cilium", "namespace": "kube-system", "creationTimestamp": "2025-11-03T08:00:00Z"},
        "spec": {"template": {"metadata": {"labels": {"k8s-app": "cilium"}}, "spec": {"serviceAccountName": "cilium", "containers": [
            {"name": "cilium-agent", "image": "quay.example.com/cilium:v1.18.2"}]}}},
    }  # fmt: skip
    yield {
        "apiVersion": "node.k8s.io/v1",
        "kind": "RuntimeClass",
        "metadata": {"name": "gvisor"},
        "handler": "runsc",
    }
    yield {
        "apiVersion": "security.istio.io/v1",
        "kind": "PeerAuthentication",
        "metadata": {"name": "default", "namespace": "agents"},
        "spec": {"mtls": {"mode": "STRICT"}},
    }
    for agent in _in_cluster(quarter):
        yield {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": agent.key, "namespace": "agents", "uid": guid("account " + agent.key),
                         "creationTimestamp": agent.since + "T09:20:00Z", "annotations": {"eks.amazonaws.com/role-arn": agent.role}},
        }  # fmt: skip
        if agent.retired and quarter.is_second:
            continue
        yield _workload(agent)
        # The pump copilot came with a manifest of its own, without walls.
        if agent.in_cmdb:
            yield _network(agent)
    yield from _kagent()
    yield {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "read-config", "namespace": "agents"},
        "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}],
    }
    yield {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {
            "name": "read-config",
            "namespace": "agents",
            "creationTimestamp": "2026-01-12T09:25:00Z",
        },
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "read-config"},
        "subjects": [
            {"kind": "ServiceAccount", "name": a.key, "namespace": "agents"}
            for a in _in_cluster(quarter)
            if a.key not in GOVERNED
        ],
    }


def _workload(agent: Agent) -> Json:
    tight = agent.in_cmdb and agent.key != "invoice-matcher"
    pod: Json = {
        "serviceAccountName": agent.key,
        "containers": [
            {
                "name": "agent",
                "image": f"registry.brightwater.example.com/agents/{agent.key}@sha256:{hexid('image ' + agent.key, 64)}",
                "securityContext": {
                    "runAsNonRoot": True,
                    "runAsUser": 10001,
                    "readOnlyRootFilesystem": True,
                    "allowPrivilegeEscalation": False,
                }
                if tight
                else {"runAsUser": 0},
                "volumeMounts": [{"name": "work", "mountPath": "/work"}],
            }
        ],
        "volumes": [{"name": "work", "emptyDir": {}}],
    }
    if tight:
        pod["runtimeClassName"] = "gvisor"
    made: Json = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": agent.key,
            "namespace": "agents",
            "uid": guid("deployment " + agent.key),
            "creationTimestamp": agent.since + "T09:21:00Z",
        },
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": agent.key}},
            "template": {"metadata": {"labels": {"app": agent.key}}, "spec": pod},
        },
        "status": {"readyReplicas": 1},
    }
    if agent.host == "kagent":
        made["metadata"]["ownerReferences"] = [
            {
                "apiVersion": "kagent.dev/v1alpha2",
                "kind": "Agent",
                "name": agent.key,
                "uid": guid("agent " + agent.key),
                "controller": True,
            }
        ]
    return made


def _network(agent: Agent) -> Json:
    return {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": {"name": agent.key, "namespace": "agents"},
        "spec": {
            "endpointSelector": {"matchLabels": {"app": agent.key}},
            "egress": [
                {"toEndpoints": [{"matchLabels": {"app": "litellm"}}]},
                *([{"toFQDNs": [{"matchName": s} for s in agent.sites]}] if agent.sites else []),
            ],
        },
    }


def _kagent() -> Iterator[Json]:
    yield {
        "apiVersion": "kagent.dev/v1alpha2",
        "kind": "ModelConfig",
        "metadata": {"name": "sonnet", "namespace": "agents"},
        "spec": {"provider": "Anthropic", "model": "claude-sonnet-4-5-20250929"},
    }
    yield {
        "apiVersion": "kagent.dev/v1alpha2",
        "kind": "RemoteMCPServer",
        "metadata": {"name": "grid", "namespace": "agents"},
        "spec": {"url": "https://grid-mcp.agents.svc/mcp", "protocol": "STREAMABLE_HTTP",
                 "headersFrom": [{"name": "Authorization", "valueFrom": {"type": "Secret", "name": "grid-mcp", "key": "token"}}]},
    }  # fmt: skip
    yield {
        "apiVersion": "kagent.dev/v1alpha2",
        "kind": "RemoteMCPServer",
        "metadata": {"name": "weather", "namespace": "agents"},
        "spec": {"url": "http://weather.example.net/mcp", "protocol": "STREAMABLE_HTTP"},
    }
    planner, forecaster = BY_KEY["grid-planner"], BY_KEY["grid-forecaster"]
    for agent, asks in ((planner, ["window_plan"]), (forecaster, [])):
        tools: list[Json] = [
            {"type": "McpServer", "mcpServer": {"apiGroup": "kagent.dev", "kind": "RemoteMCPServer", "name": "grid",
             "toolNames": [t.name for t in agent.tools], "requireApproval": asks}}
        ]  # fmt: skip
        if agent is forecaster:
            tools.append(
                {
                    "type": "McpServer",
                    "mcpServer": {
                        "apiGroup": "kagent.dev",
                        "kind": "RemoteMCPServer",
                        "name": "weather",
                        "toolNames": ["weather_get"],
                    },
                }
            )
        if agent is planner:
            tools.append({"type": "Agent", "agent": {"name": forecaster.key}})
        yield {
            "apiVersion": "kagent.dev/v1alpha2",
            "kind": "Agent",
            "metadata": {"name": agent.key, "namespace": "agents", "uid": guid("agent " + agent.key), "creationTimestamp": agent.since + "T09:22:00Z"},
            "spec": {"type": "Declarative", "description": agent.purpose, "declarative": {
                "modelConfig": "sonnet", "systemMessage": "Invented.", "deployment": {"serviceAccountName": agent.key}, "tools": tools}},
        }  # fmt: skip


def _audited(
    agent: Agent, moment: datetime, verb: str, resource: str, name: str, code: int = 200
) -> Json:
    return {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "Metadata",
        "auditID": guid(f"audit {agent.key} {verb} {resource} {iso(moment)}"),
        "stage": "ResponseComplete",
        "requestURI": f"/api/v1/namespaces/agents/{resource}/{name}",
        "verb": verb,
        "user": {
            "username": agent.account,
            "uid": guid("account " + agent.key),
            "groups": ["system:serviceaccounts"],
        },
        "sourceIPs": ["192.0.2.40"],
        "userAgent": "agent/1",
        "objectRef": {
            "resource": resource,
            "namespace": "agents",
            "name": name,
            "apiVersion": "v1",
        },
        "responseStatus": {"metadata": {}, "code": code},
        "requestReceivedTimestamp": f"{moment:%Y-%m-%dT%H:%M:%S}.000000Z",
        "stageTimestamp": f"{moment:%Y-%m-%dT%H:%M:%S}.020000Z",
        "annotations": {"authorization.k8s.io/decision": "allow" if code < 400 else "forbid"},
    }


def _at_work(agent: Agent, day: datetime) -> bool:
    return f"{day:%Y-%m-%d}" >= agent.since and not (
        agent.retired and f"{day:%Y-%m-%d}" > agent.retired
    )


def _audit(quarter: Quarter) -> Iterator[Json]:
    for agent in (
        a for a in _in_cluster(quarter) if a.key not in GOVERNED
    ):  # they have no token of the cluster
        for day in quarter.days():
            if _at_work(agent, day):
                yield _audited(
                    agent,
                    day
                    + timedelta(hours=3, minutes=dice("audit", agent.key, iso(day)).randint(0, 50)),
                    "get",
                    "configmaps",
                    agent.key,
                )
    if quarter.is_second:
        for minute in range(4):
            yield _audited(
                BY_KEY["pump-copilot"],
                datetime(2026, 9, 2, 15, minute),
                "get",
                "secrets",
                "grid-mcp",
                403,
            )


def _span(
    agent: Agent, moment: datetime, operation: str, name: str, parent: str = "", **more: str
) -> Json:
    trace = hexid(f"trace {moment:%Y-%m-%d %H}", 32)
    span = hexid(f"span {agent.key} {operation} {name} {iso(moment)}", 16)
    return {
        "Timestamp": f"{moment:%Y-%m-%d %H:%M:%S}.000000000",
        "TraceId": trace,
        "SpanId": span,
        "ParentSpanId": parent,
        "SpanName": f"{operation} {name}",
        "SpanKind": "Internal",
        "ServiceName": "kagent",
        "ResourceAttributes": {"service.name": "kagent", "deployment.environment": "production"},
        "SpanAttributes": {
            "gen_ai.operation.name": operation,
            "gen_ai.agent.id": agent.logged_as,
            "gen_ai.agent.name": agent.key,
            "gen_ai.conversation.id": hexid(f"talk {moment:%Y-%m-%d %H}", 16),
            **more,
        },
        "Duration": 900000000,
        "StatusCode": "Ok",
    }


def _forecast(
    start: datetime, parent: str, model: dict[str, str], tools: tuple[str, ...]
) -> Iterator[Json]:
    forecaster = BY_KEY["grid-forecaster"]
    purpose = {"gen_ai.workflow.name": "daily forecast"}
    below = _span(forecaster, start, "invoke_agent", forecaster.key, parent, **purpose)
    yield below
    yield _span(
        forecaster,
        start + timedelta(seconds=1),
        "chat",
        "claude",
        below["SpanId"],
        **purpose,
        **model,
    )
    for number, tool in enumerate(tools):
        yield _span(
            forecaster,
            start + timedelta(seconds=4 + number),
            "execute_tool",
            tool,
            below["SpanId"],
            **purpose,
            **{"gen_ai.tool.name": tool},
        )


def _spans(quarter: Quarter) -> Iterator[Json]:
    planner = BY_KEY["grid-planner"]
    model = {
        "gen_ai.request.model": "claude-sonnet-4-5-20250929",
        "gen_ai.response.model": "claude-sonnet-4-5-20250929",
    }
    for day in quarter.days():
        start = day + timedelta(hours=7, minutes=dice("spans", iso(day)).randint(0, 30))
        # In the third quarter the forecaster runs on another model, and no ticket says so.
        mine = (
            model
            if not quarter.is_second or day < datetime(2026, 8, 20)
            else dict.fromkeys(model, "claude-haiku-4-5-20251001")
        )
        top = _span(
            planner,
            start,
            "invoke_agent",
            planner.key,
            **{"enduser.id": "elif.demir@brightwater.example.com"},
        )
        yield top
        yield _span(planner, start + timedelta(seconds=4), "chat", "claude", top["SpanId"], **model)
        yield _span(
            planner,
            start + timedelta(seconds=9),
            "execute_tool",
            "load_get",
            top["SpanId"],
            **{"gen_ai.tool.name": "load_get"},
        )
        yield from _forecast(
            start + timedelta(seconds=12), top["SpanId"], mine, ("load_get", "weather_get")
        )
        if day.weekday() == 2:
            yield _span(
                planner,
                start + timedelta(seconds=30),
                "execute_tool",
                "window_plan",
                top["SpanId"],
                **{"gen_ai.tool.name": "window_plan"},
            )


def _passed(agent: Agent, moment: datetime, site: str, denied: bool = False) -> Json:
    return {
        "@timestamp": f"{moment:%Y-%m-%dT%H:%M:%S}.000Z",
        "ecs": {"version": "8.11.0"},
        "event": {
            "dataset": "squid.log",
            "module": "squid",
            "kind": "event",
            "action": "TCP_DENIED" if denied else "TCP_TUNNEL",
            "category": ["network"],
            "type": ["connection", "denied"] if denied else ["connection", "access"],
            "outcome": "failure" if denied else "success",
            "id": guid(f"proxy {agent.key} {site} {iso(moment)}"),
            "ingested": f"{moment + timedelta(seconds=4):%Y-%m-%dT%H:%M:%S}.000Z",
        },
        "user": {"name": agent.account},
        "source": {"ip": "192.0.2.40"},
        "destination": {"domain": site},
    }


def _proxy_before(quarter: Quarter) -> Iterator[Json]:
    """Give a few lines of the year before, from the archive."""
    for day in range(5):
        moment = quarter.begin - timedelta(days=320 - day)
        line = _passed(BY_KEY["meter-anomaly"], moment, "updates.example.com")
        yield line | {"user": {"name": "haalto"}}


def _approved(quarter: Quarter) -> Iterator[Json]:
    """Give watched runs of the forecast, which its purpose was approved for."""
    for day in range(3):
        start = quarter.begin - timedelta(days=20 - day)
        yield from _forecast(
            start,
            "",
            {"gen_ai.request.model": "claude-sonnet-4-5-20250929"},
            ("load_get", "weather_get"),
        )


def _proxy(quarter: Quarter) -> Iterator[Json]:
    for day in quarter.days():
        for agent in _in_cluster(quarter):
            if not _at_work(agent, day):
                continue
            for number, site in enumerate(agent.sites):
                yield _passed(
                    agent,
                    day
                    + timedelta(
                        hours=6 + number, minutes=dice("proxy", agent.key, iso(day)).randint(0, 55)
                    ),
                    site,
                )
    if quarter.is_second:
        billing = BY_KEY["billing-dispute"]
        yield _passed(billing, datetime(2026, 9, 15, 11, 2), SPILL)
        yield _passed(billing, datetime(2026, 9, 15, 11, 9), SPILL)
        yield _passed(BY_KEY["contract-drafter"], datetime(2026, 9, 16, 9, 0), SPILL, denied=True)
