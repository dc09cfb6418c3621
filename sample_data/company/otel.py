"""Work of two agents as OpenTelemetry GenAI spans, as OTLP/JSON and as the Python SDK writes them.

In: native events of traffic.py. Out: documents of spans.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from company.cloudtrail import Json, hexes


def _nanos(when: str, more: float = 0) -> int:
    moment = datetime.fromisoformat(when.replace("Z", "+00:00"))
    return int((moment.timestamp() + more) * 10**9)


def _span_parts(event: Json) -> tuple[str, Json]:
    """Return the span's name and attributes."""
    shared: Json = {
        "gen_ai.agent.id": event["actor_id"],
        "gen_ai.agent.name": event["actor_id"],
        "gen_ai.conversation.id": event["session_id"],
        "gen_ai.provider.name": "halden",
    }
    if event["event_class"] == "session":
        return f"invoke_agent {event['actor_id']}", shared | {
            "gen_ai.operation.name": "invoke_agent"
        }
    if event["event_class"] == "model":
        return "chat fjord-large", shared | {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "fjord-large",
            "gen_ai.response.model": event["model_version"],
            "gen_ai.usage.input_tokens": 812,
        }
    return f"execute_tool {event['tool']}", shared | {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": event["tool"],
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": hexes(event["event_id"], 12),
    }


def otlp(events: list[Json], service: str) -> Json:
    """Return an OTLP/JSON document of the spans of one service."""
    spans: list[Json] = []
    for event in events:
        name, attributes = _span_parts(event)
        root = event["event_class"] == "session"
        spans.append(
            {
                "traceId": hexes(event["session_id"], 32),
                "spanId": hexes(event["event_id"], 16),
                **({} if root else {"parentSpanId": hexes(event["session_id"] + "root", 16)}),
                "name": name,
                "kind": 1,
                "startTimeUnixNano": str(_nanos(event["time"])),
                "endTimeUnixNano": str(_nanos(event["time"], 0.8)),
                "attributes": [{"key": k, "value": _any(v)} for k, v in attributes.items()],
                "status": {"code": 1},
            }
        )
    resource = {"service.name": service, "deployment.environment.name": "production"}
    return {
        "resourceSpans": [
            {
                "resource": {
                    "attributes": [{"key": k, "value": _any(v)} for k, v in resource.items()]
                },
                "scopeSpans": [
                    {"scope": {"name": "freight.agents", "version": "1.4.0"}, "spans": spans}
                ],
            }
        ]
    }


def _any(value: Any) -> Json:
    return {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}


def sdk_spans(events: list[Json], service: str) -> Json:
    """Return the same spans as the Python SDK writes them to a file."""
    spans: list[Json] = []
    for event in events:
        name, attributes = _span_parts(event)
        context = {
            "trace_id": int(hexes(event["session_id"], 30), 16),
            "span_id": int(hexes(event["event_id"], 15), 16),
        }
        spans.append(
            {
                "name": name,
                "kind": "internal",
                "parent": None,
                "start_time": _nanos(event["time"]),
                "end_time": _nanos(event["time"], 0.8),
                "status": {"status_code": "ok", "description": None},
                "context": context | {"is_remote": False},
                "attributes": attributes,
                "links": [],
                "events": [],
                "resource": {"attributes": {"service.name": service}, "schema_url": ""},
            }
        )
    return {"spans": spans}
