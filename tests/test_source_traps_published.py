"""Traps found in published examples of vendors: what was read as something else than it says.

The rows are the golden ones, which tests/test_sources.py compares with what ingest gives.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).parent / "data" / "sources"


def event(source: str, **where: Any) -> dict[str, Any]:
    golden = json.loads((DATA / source / "golden.json").read_text(encoding="utf-8"))
    (row,) = [r for r in golden["rows"]["events"] if all(r.get(k) == v for k, v in where.items())]
    return dict(row)


@pytest.mark.parametrize(
    ("source", "where", "told"),
    [
        # A token that is made is no credential that was used, whatever the browser signed in with.
        ("github-audit", {"event_id": "quay-pat-1"}, {"credential_id": None, "auth_method": None}),
        # A page of traces names observations by id; user and session are theirs all the same.
        ("langfuse", {"session_id": "s-33"}, {"tool": "weigh", "on_behalf_of": "olga@quay.example"}),
        ("datadog-audit", {"resource": "dashboard/56"}, {"occurred_at": "2026-09-01T09:03:00.100000"}),
        # A tool of LangChain that handles its own errors ends well, with an answer that says that it failed.
        ("langsmith", {"event_id": "soft-1"}, {"outcome": "error"}),
        ("langsmith", {"event_id": "soft-2"}, {"outcome": "error"}),
        ("langsmith", {"event_id": "soft-3"}, {"outcome": "success"}),
        ("otel-genai", {"session_id": "lc-2", "occurred_at": "2026-07-03T09:12:01"}, {"tool": "crane_status", "outcome": "error"}),
        ("otel-genai", {"session_id": "lc-2", "occurred_at": "2026-07-03T09:12:02"}, {"tool": "crane_status", "outcome": "success"}),
        # Claude Code's spans of a call say nothing of how it ended: those below do.
        ("otel-genai", {"session_id": "cc-2", "tool": "Bash"}, {"outcome": "error", "on_behalf_of": "nora@dockside.example"}),
        ("otel-genai", {"session_id": "cc-2", "tool": "Write"}, {"outcome": "denied"}),
        ("otel-genai", {"session_id": "cc-2", "tool": "Read"}, {"outcome": "success"}),
        ("github-audit", {"event_id": "quay-exp-1"}, {"effect": "read"}),
        ("github-audit", {"event_id": "quay-dev-1"}, {"effect": None, "event_class": "auth"}),
        ("github-audit", {"action": "team.add_member", "resource": "harbour/pilots"}, {"effect": "grant"}),
        # 200 under errorCode is no error.
        ("aws-cloudtrail", {"event_id": "quay-p1"}, {"outcome": "success"}),
        ("aws-cloudtrail", {"event_id": "quay-p2"}, {"effect": "grant"}),
        ("aws-cloudtrail", {"event_id": "quay-p3"}, {"effect": "grant"}),
        ("aws-cloudtrail", {"event_id": "quay-p4"}, {"effect": "grant"}),
        ("aws-cloudtrail", {"event_id": "quay-p5"}, {"effect": "write"}),
        ("gcp-audit", {"event_id": "quay-k9"}, {"actor_kind": "service_account"}),
        ("gcp-audit", {"event_id": "quay-k10"}, {"actor_kind": "workload"}),
        ("google-workspace-activity", {"action": "drive:remove_lock"}, {"effect": "write"}),
        ("google-workspace-activity", {"action": "admin:TRUST_DOMAIN_OWNED_OAUTH2_APPS"}, {"effect": "grant"}),
        ("google-workspace-activity", {"action": "admin:UNTRUST_DOMAIN_OWNED_OAUTH2_APPS"}, {"effect": "write"}),
        # Who turns an invitation down was refused nothing.
        ("anthropic-audit", {"action": "org_user_invite_rejected"}, {"outcome": "success"}),
        # Elasticsearch splits user.email, session.id and event.name at their dots.
        ("claude-code-otel", {"event_id": "toolu_01QQQQQQQQQQQQQQQQQQQQ01"}, {"on_behalf_of": "bo@example.com", "session_id": "s-4", "tool": "mcp__charts__list_berths"}),
        ("claude-code-otel", {"event_id": "toolu_01QQQQQQQQQQQQQQQQQQQQ02"}, {"on_behalf_of": "bo@example.com", "outcome": "denied"}),
        # A search that ended is a call, though it has no output of its own.
        ("codex-rollout", {"event_id": "ws_1"}, {"tool": "web_search", "effect": "read", "destination": "tides.example.org"}),
        ("codex-rollout", {"event_id": "ws_2"}, {"outcome": "error"}),
        # What a hook, the approval policy or a rule of Codex stopped was denied; what its own tool could not do is an error.
        ("codex-rollout", {"event_id": "r1"}, {"outcome": "denied"}),
        ("codex-rollout", {"event_id": "r2"}, {"outcome": "denied"}),
        ("codex-rollout", {"event_id": "r3"}, {"outcome": "denied"}),
        ("codex-rollout", {"event_id": "r4"}, {"outcome": "denied", "tool": "mcp__pilots__send_note", "destination": "pilot@quay.example"}),
        ("codex-rollout", {"event_id": "r5"}, {"outcome": "error"}),
        ("codex-rollout", {"event_id": "r6"}, {"outcome": "error"}),
        ("codex-rollout", {"event_id": "r7"}, {"outcome": "error"}),
        ("codex-rollout", {"event_id": "r8"}, {"outcome": "success", "effect": "read", "destination": None}),
        ("codex-rollout", {"event_id": "r9"}, {"outcome": "success"}),
        ("codex-rollout", {"event_id": "r10"}, {"outcome": "success"}),
        # The governance toolkit writes an offset and a Z in one time, and starts and completes one call.
        ("agent-governance-audit", {"event_id": "audit_quay9"}, {"occurred_at": "2026-09-10T08:00:09.500000", "tool": "wipe", "outcome": "denied"}),
        ("agent-governance-audit", {"event_id": "audit_quay1"}, {"tool": "lookup", "outcome": "success", "destination": "pier@quay.example", "decision": "allow"}),
        ("agent-governance-audit", {"event_id": "audit_quay2"}, {"tool": "wipe", "outcome": "denied"}),
        ("agent-governance-audit", {"event_id": "audit_quay3"}, {"event_class": "decision", "tool": None}),
        ("agent-governance-audit", {"event_id": "audit_quay4"}, {"event_class": "tool", "tool": "weigh"}),
        ("agent-governance-audit", {"file": "logs/gateway.jsonl", "record": 1}, {"tool": "send_note", "outcome": "success", "destination": "pilot@quay.example", "occurred_at": "2026-09-09T09:00:00.250000"}),
        ("agent-governance-audit", {"file": "logs/gateway.jsonl", "record": 2}, {"tool": "drop_table", "outcome": "denied"}),
        ("agent-governance-audit", {"file": "logs/gateway.jsonl", "record": 3}, {"tool": "pay", "outcome": None}),
        ("agent-governance-audit", {"file": "logs/gateway.jsonl", "record": 4}, {"event_class": "decision", "outcome": "denied"}),
        # Semantic Kernel writes the whole URL as the address of the server.
        ("otel-genai", {"log_source": "otel:quay-kernel", "event_class": "model"}, {"destination": "models.quay.example"}),
        # OpenTelemetry's own instrumentation calls each agent "agent" and writes the model's server on calls that never left the process.
        ("otel-genai", {"log_source": "otel:quay-agents", "event_class": "tool"}, {"actor_id": "pilot", "tool": "weigh", "destination": None}),
        ("codex-otel", {"event_id": "call_91"}, {"outcome": "denied"}),
        ("codex-otel", {"event_id": "call_92"}, {"effect": "read", "destination": None}),
    ],
)  # fmt: skip
def test_a_published_record_is_read_as_it_says(
    source: str, where: dict[str, Any], told: dict[str, Any]
) -> None:
    row = event(source, **where)
    assert {name: row.get(name) for name in told} == told
