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
    ],
)  # fmt: skip
def test_a_published_record_is_read_as_it_says(
    source: str, where: dict[str, Any], told: dict[str, Any]
) -> None:
    row = event(source, **where)
    assert {name: row.get(name) for name in told} == told
