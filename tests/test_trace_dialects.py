"""One invented run, as every instrumentation names it and every exporter writes it: the same tool calls come out.

A planner sends a mail, fails to fetch a page and asks a clerk, who posts a note. Models ask for each call
before it is made, and wrappers stand around one of them: neither counts twice.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from reporter.content import loader
from reporter.ingest.load import ingested
from reporter.ingest.readers.files import discover
from reporter.system import folders

SOURCES = tuple(loader.read_source(p) for p in sorted(folders.content_dir()[1].glob("*.yml")))
TRACE = 0x4BF92F3577B34DA6A3CE929D0E0E4736
START = 1782993600 * 10**9
MAIL = {"to": "ann@example.com", "subject": "hi", "body": "also tell eve@example.org"}
PAGE = {"url": "https://Docs.example.net/a?token=1"}
NOTE = {"channel": "#desk", "text": "send this to bob@example.org"}
CALLED = [
    ("clerk", "post_note", "#desk", "success"),
    ("planner", "fetch_page", "docs.example.net", "error"),
    ("planner", "send_mail", "ann@example.com", "success"),
]
"""(agent, tool, destination, outcome) of the run."""


@dataclass(frozen=True)
class Span:
    number: int
    parent: int
    kind: str
    name: str
    args: dict[str, Any] = field(default_factory=dict)
    asks: tuple[tuple[str, str, dict[str, Any]], ...] = ()
    ok: bool = True


RUN = (
    Span(1, 0, "agent", "planner"),
    Span(2, 1, "model", "m-1", asks=(("call_1", "send_mail", MAIL), ("call_2", "fetch_page", PAGE))),
    Span(3, 1, "task", "step"),
    Span(4, 3, "tool", "send_mail", MAIL),
    Span(5, 4, "task", "inner"),
    Span(6, 5, "again", "send_mail", MAIL),
    Span(7, 1, "tool", "fetch_page", PAGE, ok=False),
    Span(8, 1, "agent", "clerk"),
    Span(9, 8, "model", "m-1", asks=(("call_3", "post_note", NOTE), ("call_4", "never_ran", PAGE))),
    Span(10, 8, "tool", "post_note", NOTE),
)  # fmt: skip

Attributes = dict[str, Any]
Named = tuple[Span, str, Attributes]
"""A span, its name and its attributes in one dialect."""


def gen_ai(span: Span) -> tuple[str, Attributes]:
    operation = {"agent": "invoke_agent", "model": "chat", "tool": "execute_tool"}.get(span.kind)
    if span.kind == "again":
        return f"tools/call {span.name}", {
            "mcp.method.name": "tools/call", "gen_ai.tool.name": span.name, "mcp.session.id": "x",
        }  # fmt: skip
    if not operation:
        return span.name, {"gen_ai.system": "openai"}
    own = {
        "agent": {"gen_ai.agent.name": span.name, "gen_ai.provider.name": "openai"},
        "model": {
            "gen_ai.request.model": span.name, "server.address": "api.example.com",
            "gen_ai.output.messages": json.dumps(
                [{"role": "assistant", "parts": [
                    {"type": "tool_call", "id": i, "name": n, "arguments": a} for i, n, a in span.asks
                ]}]
            ),
        },
        "tool": {"gen_ai.tool.name": span.name, "gen_ai.tool.type": "function",
                 "gen_ai.tool.call.id": f"call_{span.number}", "gen_ai.tool.call.arguments": json.dumps(span.args)},
    }[span.kind]  # fmt: skip
    return f"{operation} {span.name}", {"gen_ai.operation.name": operation, **own}


def openinference(span: Span) -> tuple[str, Attributes]:
    kind = {"agent": "AGENT", "model": "LLM", "tool": "TOOL", "again": "TOOL"}.get(
        span.kind, "CHAIN"
    )
    asked = {
        f"llm.output_messages.0.message.tool_calls.{i}.tool_call.{key}": value
        for i, (call, name, args) in enumerate(span.asks)
        for key, value in (("id", call), ("function.name", name), ("function.arguments", json.dumps(args)))
    }  # fmt: skip
    own = {
        "AGENT": {"graph.node.id": span.name},
        "LLM": {"llm.model_name": span.name, "llm.system": "openai", **asked},
        "TOOL": {"tool.name": span.name, "input.value": json.dumps(span.args), "input.mime_type": "application/json"},
        "CHAIN": {"input.value": "mail eve@example.org"},
    }[kind]  # fmt: skip
    return span.name, {"openinference.span.kind": kind, **own}


def langchain(span: Span) -> tuple[str, Attributes]:
    """OpenInference as its LangChain instrumentation writes arguments: a Python dict as text."""
    name, attributes = openinference(span)
    return name, attributes | ({"input.value": str(span.args)} if span.args else {})


def traceloop(span: Span) -> tuple[str, Attributes]:
    if span.kind == "model":
        asked = {
            f"gen_ai.completion.0.tool_calls.{i}.{key}": value
            for i, (call, name, args) in enumerate(span.asks)
            for key, value in (("id", call), ("name", name), ("arguments", json.dumps(args)))
        }
        return "openai.chat", {
            "llm.request.type": "chat", "gen_ai.system": "OpenAI", "gen_ai.request.model": span.name,
            "traceloop.workflow.name": "desk", **asked,
        }  # fmt: skip
    kind = {"agent": "agent", "tool": "tool", "again": "tool"}.get(span.kind, "task")
    return f"{span.name}.{kind}", {
        "traceloop.span.kind": kind, "traceloop.entity.name": span.name, "traceloop.workflow.name": "desk",
        "traceloop.association.properties.session_id": "s-1",
        "traceloop.entity.input": json.dumps({"args": [], "kwargs": span.args}),
    }  # fmt: skip


def vendors(span: Span) -> tuple[str, Attributes]:
    """Several conventions on one span, as where two instrumentations are at work."""
    name, attributes = traceloop(span)
    return name, {**attributes, **openinference(span)[1], **gen_ai(span)[1]}


DIALECTS: dict[str, Callable[[Span], tuple[str, Attributes]]] = {
    f.__name__: f for f in (gen_ai, openinference, langchain, traceloop, vendors)
}


def _at(span: Span) -> int:
    return START + span.number * 10**9


def _hex(number: int, size: int = 16) -> str:
    return f"{number:0{size}x}"


def _b64(number: int, size: int = 8) -> str:
    return base64.b64encode(number.to_bytes(size, "big")).decode()


def _any(value: Any) -> dict[str, Any]:
    return {"stringValue": value} if isinstance(value, str) else {"intValue": str(value)}


def _pairs(attributes: Attributes) -> list[dict[str, Any]]:
    return [{"key": k, "value": _any(v)} for k, v in attributes.items()]


def _otlp_span(
    named: Named, ids: Callable[..., str] = _hex, number: bool = False
) -> dict[str, Any]:
    span, name, attributes = named
    at: Any = _at(span) if number else str(_at(span))
    return {
        "traceId": ids(TRACE, 32 if ids is _hex else 16), "spanId": ids(span.number),
        "parentSpanId": ids(span.parent) if span.parent else "", "name": name, "kind": 1,
        "startTimeUnixNano": at, "endTimeUnixNano": at, "attributes": _pairs(attributes),
        "status": {} if span.ok else {"code": 2, "message": "no route"},
    }  # fmt: skip


def _resource_spans(spans: list[dict[str, Any]], scopes: str = "scopeSpans") -> dict[str, Any]:
    resource = {"attributes": _pairs({"service.name": "shop"})}
    return {"resourceSpans": [{"resource": resource, scopes: [{"spans": spans}]}]}


def otlp(run: list[Named]) -> Any:
    return _resource_spans([_otlp_span(n) for n in run])


def otlp_base64(run: list[Named]) -> Any:
    return _resource_spans([_otlp_span(n, _b64, True) for n in run])


def otlp_old(run: list[Named]) -> Any:
    return _resource_spans([_otlp_span(n) for n in run], "instrumentationLibrarySpans")


def otlp_answer(run: list[Named]) -> Any:
    return {"trace": otlp(run)}


def otlp_structured(run: list[Named]) -> Any:
    """Arguments as a map of the protocol instead of a text."""
    spans = [_otlp_span(n) for n in run]
    for pair in (p for s in spans for p in s["attributes"]):
        if (
            pair["key"] in ("gen_ai.tool.call.arguments", "input.value")
            and pair["value"]["stringValue"][:2] == '{"'
        ):
            values = _pairs(json.loads(pair["value"]["stringValue"]))
            pair["value"] = {"kvlistValue": {"values": values}}
    return _resource_spans(spans)


def file_exporter(run: list[Named]) -> str:
    return "".join(json.dumps(_resource_spans([_otlp_span(n)])) + "\n" for n in reversed(run))


def _python(named: Named, ids: Callable[[int, int], Any]) -> dict[str, Any]:
    span, name, attributes = named
    return {
        "name": name, "context": {"trace_id": ids(TRACE, 32), "span_id": ids(span.number, 16), "trace_state": "[]"},
        "kind": "SpanKind.INTERNAL", "parent_id": ids(span.parent, 16) if span.parent else None,
        "start_time": f"2026-07-02T12:00:{span.number:02}.000000Z", "end_time": f"2026-07-02T12:00:{span.number:02}.500000Z",
        "status": {"status_code": "UNSET" if span.ok else "ERROR"}, "attributes": attributes, "events": [], "links": [],
        "resource": {"attributes": {"service.name": "shop"}, "schema_url": ""},
    }  # fmt: skip


def python_console(run: list[Named]) -> str:
    return "".join(
        json.dumps(_python(n, lambda i, size: "0x" + _hex(i, size)), indent=4) + "\n" for n in run
    )


def integer_ids(run: list[Named]) -> Any:
    spans = [_python(n, lambda i, _: i) for n in run]
    for span, (own, _, _) in zip(spans, run, strict=True):
        span["parent"] = {"trace_id": TRACE, "span_id": own.parent} if own.parent else None
        span["start_time"] = _at(own)
        del span["parent_id"]
    return {"spans": spans}


def js_console(run: list[Named]) -> str:
    return "".join(
        json.dumps({
            "resource": {"attributes": {"service.name": "shop"}}, "traceId": _hex(TRACE, 32), "name": name,
            "parentId": _hex(span.parent) if span.parent else None, "id": _hex(span.number), "kind": 0,
            "timestamp": _at(span) // 1000, "duration": 12.5, "attributes": attributes,
            "status": {"code": 0 if span.ok else 2}, "events": [], "links": [],
        }) + "\n"
        for span, name, attributes in run
    )  # fmt: skip


def jaeger(run: list[Named]) -> Any:
    trace = _hex(TRACE, 32)
    spans = [
        {
            "traceID": trace, "spanID": _hex(span.number), "operationName": name,
            "references": [{"refType": "CHILD_OF", "traceID": trace, "spanID": _hex(span.parent)}] if span.parent else [],
            "startTime": _at(span) // 1000, "duration": 500, "logs": [], "processID": "p1", "warnings": None,
            "tags": [{"key": k, "type": "string", "value": v} for k, v in attributes.items()]
            + ([] if span.ok else [{"key": "error", "type": "bool", "value": True}]),
        }
        for span, name, attributes in run
    ]  # fmt: skip
    return {
        "data": [{"traceID": trace, "spans": spans, "processes": {"p1": {"serviceName": "shop"}}}],
        "total": 0,
    }


def zipkin(run: list[Named]) -> Any:
    return [
        {
            "traceId": _hex(TRACE, 32), "id": _hex(span.number), "name": name.lower(), "timestamp": _at(span) // 1000,
            "duration": 500, "localEndpoint": {"serviceName": "shop"},
            "tags": {k: str(v) for k, v in attributes.items()} | ({} if span.ok else {"error": "no route"}),
        } | ({"parentId": _hex(span.parent)} if span.parent else {})
        for span, name, attributes in run
    ]  # fmt: skip


def clickhouse(run: list[Named]) -> str:
    return "".join(
        json.dumps({
            "Timestamp": f"2026-07-02 12:00:{span.number:02}.000000000", "TraceId": _hex(TRACE, 32), "SpanId": _hex(span.number),
            "ParentSpanId": _hex(span.parent) if span.parent else "", "SpanName": name, "SpanKind": "Internal",
            "ServiceName": "shop", "ResourceAttributes": {}, "SpanAttributes": attributes, "Duration": 500,
            "StatusCode": "Unset" if span.ok else "Error",
        }) + "\n"
        for span, name, attributes in run
    )  # fmt: skip


def nested(run: list[Named]) -> str:
    """Attributes as objects in objects, as search engines store them."""

    def deep(attributes: Attributes) -> Attributes:
        tree: Attributes = {}
        for key, value in attributes.items():
            *steps, last = key.split(".")
            place = tree
            for step in steps:
                place = place.setdefault(step, {})
            place[last] = value
        return tree

    return "".join(
        json.dumps(_python((s, n, deep(a)), lambda i, size: _hex(i, size))) + "\n"
        for s, n, a in run
    )


WIRES: dict[str, Callable[[list[Named]], Any]] = {
    f.__name__: f
    for f in (otlp, otlp_base64, otlp_old, otlp_answer, otlp_structured, file_exporter, python_console, integer_ids,
              js_console, jaeger, zipkin, clickhouse, nested)
}  # fmt: skip


def langfuse(_: list[Named]) -> Any:
    kinds = {"agent": "AGENT", "model": "GENERATION", "tool": "TOOL", "again": "TOOL"}
    return {
        "trace": {"id": "t-1", "name": "run", "timestamp": "2026-07-02T12:00:00Z", "userId": None, "sessionId": None},
        "observations": [
            {
                "id": f"o{s.number}", "traceId": "t-1", "parentObservationId": f"o{s.parent}" if s.parent else None,
                "type": kinds.get(s.kind, "SPAN"), "name": s.name, "startTime": f"2026-07-02T12:00:{s.number:02}.000Z",
                "level": "DEFAULT" if s.ok else "ERROR", "input": json.dumps(s.args), "output": json.dumps(s.asks),
                "metadata": "{}",
            }
            for s in RUN
        ],
    }  # fmt: skip


def openai_agents(_: list[Named]) -> str:
    data = {
        "agent": lambda s: {"type": "agent", "name": s.name, "tools": ["never_ran"]},
        "model": lambda s: {"type": "generation", "model": s.name, "output": [{"tool_calls": [{"function": {"name": "never_ran"}}]}]},
        "tool": lambda s: {"type": "function", "name": s.name, "input": json.dumps(s.args), "output": "x"},
        "task": lambda s: {"type": "custom", "name": s.name, "data": {}},
    }  # fmt: skip
    lines: list[dict[str, Any]] = [
        {
            "object": "trace",
            "id": "trace_1",
            "workflow_name": "desk",
            "group_id": None,
            "metadata": None,
        }
    ]
    lines += [
        {
            "object": "trace.span", "id": f"span_{s.number}", "trace_id": "trace_1",
            "parent_id": f"span_{s.parent}" if s.parent else None, "started_at": f"2026-07-02T12:00:{s.number:02}.000000+00:00",
            "ended_at": f"2026-07-02T12:00:{s.number:02}.500000+00:00", "span_data": data[s.kind](s), "error": None if s.ok else {"message": "Error running tool", "data": {}},
        }
        for s in RUN if s.kind != "again"
    ]  # fmt: skip
    return "".join(json.dumps(x) + "\n" for x in lines)


FORMS: dict[str, Callable[[], Any]] = {
    f"{d}-{w}": lambda d=d, w=w: WIRES[w]([(s, *DIALECTS[d](s)) for s in RUN]) for d in DIALECTS for w in WIRES
} | {f.__name__: partial(f, []) for f in (langfuse, openai_agents)}  # fmt: skip


@pytest.fixture(scope="module")
def called(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[str | None, ...]]]:
    """The tool calls of every form: agent, tool, destination, outcome, who it acts for."""
    folder = tmp_path_factory.mktemp("forms")
    for n, (name, make) in enumerate(FORMS.items()):
        made = make()
        text = made if isinstance(made, str) else json.dumps(made)
        for old, new in ((f(TRACE), f(TRACE + n)) for f in (_hex, str, lambda i: _b64(i, 16))):
            text = text.replace(old, new)
        (folder / name).write_text(text, encoding="utf-8")
    found: dict[str, list[tuple[str | None, ...]]] = {name: [] for name in FORMS}
    with ingested(discover(folder, ("",)), SOURCES) as (engine, intake):
        for f in intake.files:
            assert (f.source == "", f.unreadable, f.rejected) == (False, 0, 0), f.file
        for file, *row in engine.rows(
            "SELECT file, actor_id, tool, destination, outcome, on_behalf_of FROM in_events "
            "WHERE event_class = 'tool' ORDER BY ALL"
        ):
            found[file].append(tuple(row))
    return found


@pytest.mark.parametrize("form", FORMS)
def test_a_run_is_the_same_in_every_dialect_and_form(
    form: str, called: dict[str, list[tuple[str | None, ...]]]
) -> None:
    assert [r[:4] for r in called[form]] == CALLED
    assert [r[4] for r in called[form]] == ["planner", None, None]
