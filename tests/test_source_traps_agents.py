"""Traps of agent runtimes, gateways and policies: what would be a false pass if it were read as it stands.

The rows are the golden ones, which tests/test_sources.py compares with what ingest gives.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).parent / "data" / "sources"


def rows(source: str, table: str = "events", **where: Any) -> list[dict[str, Any]]:
    golden = json.loads((DATA / source / "golden.json").read_text(encoding="utf-8"))
    return [
        r
        for r in golden["rows"].get(table, [])
        if all(r.get(name) == value for name, value in where.items())
    ]


def outcomes(source: str, **where: Any) -> list[str | None]:
    return [r.get("outcome") for r in rows(source, **where)]


# What was only asked for


@pytest.mark.parametrize(
    ("source", "event_id"),
    [
        ("claude-code-hooks", "toolu_01AAAAAAAAAAAAAAAAAAAA02"),
        ("claude-code-hooks", "toolu_01CCCCCCCCCCCCCCCCCCCC02"),
        ("codex-rollout", "call_AAAAAAAAAAAAAAAAAAAA0006"),
        ("codex-otel", "call_8"),
        ("agent-control-standard", "r1"),
        ("agent-control-standard", "r4"),
        ("langfuse", "trace-msg-01-g3-toolu_01Q4"),
    ],
)
def test_a_call_that_was_only_asked_for_is_no_event(source: str, event_id: str) -> None:
    assert rows(source, event_id=event_id) == []


@pytest.mark.parametrize("source", ["claude-code-hooks", "codex-hooks", "cursor-hooks"])
def test_a_hook_before_a_call_is_an_event_only_where_it_refused(source: str) -> None:
    before = [r for r in rows(source) if r["action"].lower().startswith(("pre", "before"))]
    assert {r["outcome"] for r in before} == {"denied"}


@pytest.mark.parametrize("event_id", ["r2", "w4"])
def test_a_call_of_which_nobody_says_how_it_ended_has_no_outcome(event_id: str) -> None:
    assert outcomes("agent-control-standard", event_id=event_id) == [None]


@pytest.mark.parametrize("source", ["langfuse", "langsmith", "openai-agents-trace", "otel-genai"])
def test_a_call_without_an_end_has_no_outcome(source: str) -> None:
    assert outcomes(source, tool="never_ended") == [None]


@pytest.mark.parametrize(
    ("tool", "outcome"), [("ended_by_output", "success"), ("failed_open", "error")]
)
def test_a_call_of_langfuse_without_an_end_that_answered_or_failed_has_an_outcome(
    tool: str, outcome: str
) -> None:
    assert outcomes("langfuse", tool=tool) == [outcome]


def test_an_execution_of_n8n_that_waits_has_no_outcome() -> None:
    assert outcomes("n8n", session_id="232") == [None]


def test_a_request_to_vault_without_an_answer_has_no_outcome() -> None:
    assert outcomes("vault-audit", event_id="q4") == [None]


# Denials


@pytest.mark.parametrize(
    ("source", "event_id"),
    [
        ("claude-code-hooks", "toolu_01AAAAAAAAAAAAAAAAAAAA03"),
        ("claude-code-hooks", "toolu_01CCCCCCCCCCCCCCCCCCCC01"),
        ("codex-hooks", "call_7"),
        ("cursor-hooks", "tu-2"),
        ("codex-otel", "call_3"),
        ("codex-otel", "call_4"),
        ("codex-otel", "call_5"),
        ("codex-rollout", "call_AAAAAAAAAAAAAAAAAAAA0003"),
        ("litellm-spend-logs", "req-4"),
        ("litellm-spend-logs", "req-5"),
        ("litellm-spend-logs", "chatcmpl-2"),
        ("langsmith", "1e"),
        ("vault-audit", "q2"),
        ("vault-audit", "q3"),
        ("vault-audit", "q7"),
        ("agent-control-standard", "r3"),
        ("agent-control-standard", "w3"),
    ],
)
def test_what_was_refused_is_denied(source: str, event_id: str) -> None:
    assert outcomes(source, event_id=event_id) == ["denied"]


@pytest.mark.parametrize(
    ("source", "event_id"),
    [
        ("claude-code-hooks", "toolu_01BBBBBBBBBBBBBBBBBBBB02"),
        ("codex-hooks", "call_1"),
        ("codex-hooks", "call_2"),
        ("cursor-hooks", "tu-3"),
        ("codex-rollout", "call_AAAAAAAAAAAAAAAAAAAA0002"),
        ("codex-rollout", "call_AAAAAAAAAAAAAAAAAAAA0005"),
        ("litellm-spend-logs", "req-6"),
        ("langsmith", "1f"),
        ("vault-audit", "q8"),
    ],
)
def test_what_failed_by_itself_is_an_error_and_no_denial(source: str, event_id: str) -> None:
    assert outcomes(source, event_id=event_id) == ["error"]


# Who decided


def test_an_accept_of_gemini_is_no_approval() -> None:
    given = rows("gemini-cli", "approvals")
    assert {(r["scope"], r["decision"]) for r in given} == {("write_file", "approved")}
    accepted = rows("gemini-cli", decision="accept") + rows("gemini-cli", decision="auto_accept")
    assert accepted
    assert not [r for r in accepted if "approval_id" in r]


def test_what_settings_or_a_reviewing_program_decided_is_no_approval_of_codex() -> None:
    approved = {r["approval_id"] for r in rows("codex-otel", "approvals")}
    assert approved == {"call_2", "call_3", "call_4", "call_8"}
    assert [r.get("approval_id") for r in rows("codex-otel", event_id="call_1")] == [None, None]


def test_a_rule_of_the_users_own_settings_is_no_approval_of_claude_code() -> None:
    ruled = rows("claude-code-otel", decision="accept by user_permanent")
    assert ruled
    assert not [r for r in ruled if "approval_id" in r]
    assert "toolu_6" not in {r["approval_id"] for r in rows("claude-code-otel", "approvals")}


# Once and not twice


def test_a_shell_call_of_cursor_that_two_hooks_tell_of_counts_once() -> None:
    told = rows("cursor-hooks", file="logs/hooks.jsonl", tool="Shell", outcome="success")
    assert [r["action"] for r in told] == ["postToolUse"]


def test_what_a_fork_of_codex_repeats_counts_once() -> None:
    assert len(rows("codex-rollout", event_id="call_AAAAAAAAAAAAAAAAAAAA0001")) == 1
    assert len(rows("codex-rollout", event_id="resp_1")) == 1
    forked = rows("codex-rollout", event_id="call_AAAAAAAAAAAAAAAAAAAA0008")
    assert [r["session_id"] for r in forked] == ["0199-ro-b"]


def test_a_request_to_vault_and_its_answer_are_one_event() -> None:
    assert len(rows("vault-audit", event_id="q1")) == 1


# Who acted


def test_a_subagent_has_a_session_of_its_own_and_acts_for_the_main_agent() -> None:
    for source, main in (("claude-code-hooks", "claude-code"), ("codex-hooks", "codex")):
        own = [r for r in rows(source) if "parent_session_id" in r]
        assert own
        assert {r["on_behalf_of"] for r in own} == {main}
        assert all(r["actor_id"].startswith(f"{main}:") for r in own)


def test_a_key_of_litellm_without_an_agent_is_no_agent() -> None:
    by_key = rows("litellm-spend-logs", actor_id="claims-key")
    assert by_key
    assert not [r for r in by_key if "actor_kind" in r]
    kinds = {r["actor_id"]: r["kind"] for r in rows("litellm-keys", "actors")}
    assert kinds["claims-key"] == "service_account"
    assert kinds["ag-17"] == "agent"


def test_the_keys_of_an_agent_of_litellm_are_no_further_records_of_it() -> None:
    """Each would count as one more record of the same id in one list."""
    actors = [r["actor_id"] for r in rows("litellm-keys", "actors")]
    assert len(actors) == len(set(actors))
    holders = [r["actor_id"] for r in rows("litellm-keys", "credentials")]
    assert holders.count("ag-17") == 2


def test_the_key_in_the_log_is_the_key_in_the_list() -> None:
    listed = {r["credential_id"] for r in rows("litellm-keys", "credentials")}
    assert {r["credential_id"] for r in rows("litellm-spend-logs")} <= listed
    assert not [c for c in listed if c.startswith("secret-")]


def test_a_display_name_of_vault_is_nobody() -> None:
    text = json.dumps(rows("vault-audit"))
    assert "kubernetes-agents-claims" not in text
    assert "system:serviceaccount:agents:claims-agent" in text


def test_a_workflow_without_an_agent_node_is_no_agent() -> None:
    kinds = {r["actor_id"]: r.get("actor_kind") for r in rows("n8n", file="logs/executions.json")}
    assert kinds == {"wf-1": "agent", "wf-2": None, "wf-3": "workload"}


def test_a_gateway_that_knows_no_caller_names_none() -> None:
    (row,) = rows("cloudflare-ai-gateway", event_id="01CF2")
    assert not {"actor_id", "principal_id", "credential_id"} & set(row)


def test_a_capability_without_a_list_reaches_all_of_its_kind() -> None:
    granted = {r["name"] for r in rows("m365-declarative-agent", "grants", actor_id="Rates")}
    assert granted == {"OneDriveAndSharePoint:*"}


def test_a_project_of_langsmith_is_no_session() -> None:
    assert not [r for r in rows("langsmith") if r["session_id"] == "proj-1"]


# Limits and approvals of a gateway


def test_the_lower_limit_counts_and_several_keys_have_none_in_common() -> None:
    actors = rows("litellm-keys", "actors")
    (key,) = (r for r in actors if r["actor_id"] == "claims-key")
    assert (key["max_calls_per_minute"], key["max_cost_per_day"]) == (60, 1050)
    of_agents = {
        r["actor_id"]: r.get("max_calls_per_minute") for r in actors if r["kind"] == "agent"
    }
    assert of_agents == {"ag-17": 45, "ag-18": 12}
    assert not [r for r in actors if r["actor_id"] == "admin-key" and "max_cost_per_day" in r]


def test_a_server_without_a_list_of_tools_is_a_right_to_any() -> None:
    granted = {r["name"] for r in rows("litellm-keys", "grants", actor_id="admin-key")}
    assert granted == {"refund_get", "*"}


def test_a_server_that_nobody_reviewed_is_not_approved() -> None:
    approved = {r["name"] for r in rows("litellm-mcp-servers", "components") if "approved_at" in r}
    assert approved == {"srv-1-name"}
    assert "hunter2" not in (DATA / "litellm-mcp-servers" / "golden.json").read_text("utf-8")


# Policies


def _approval(source: str, actor: str) -> dict[tuple[str, str], bool | None]:
    return {
        (r["name"], r.get("action", "")): r.get("needs_approval")
        for r in rows(source, "grants", actor_id=actor)
        if r["type"] == "tool"
    }


def test_deny_goes_before_ask_and_ask_before_allow() -> None:
    granted = _approval("claude-code-settings", "claude-code")
    assert granted["Bash", "git push:*"] is True
    assert granted["Bash", "git diff:*"] is False
    assert granted["mcp__erp__refund_create", ""] is True
    assert granted["Edit", "./src/**"] is True
    assert not [name for name, _ in granted if name.startswith("mcp__crm")]
    assert ("WebFetch", "domain:drop.example.net") not in granted
    assert _approval("claude-code-settings", "claims-coder") == {
        ("Write", ""): False,
        ("*", ""): False,
    }
    assert _approval("claude-code-settings", "tight-coder") == {("Bash", ""): True}


def test_rules_are_the_whole_list_only_where_nobody_is_asked() -> None:
    assert _approval("claude-code-settings", "claude-code")["*", ""] is None
    assert ("*", "") not in _approval("claude-code-settings", "tight-coder")
    assert ("*", "") not in _approval("claude-code-managed-settings", "claude-code")


def test_a_domain_of_a_sandbox_that_is_off_or_denied_is_no_destination() -> None:
    names = {r["name"] for r in rows("claude-code-settings", "grants", type="destination")}
    assert not names & {"x.example.org", "bad.example.net", "drop.example.net"}


def test_a_sandbox_that_commands_may_leave_is_called_so() -> None:
    types = {r["actor_id"]: r.get("sandbox_type") for r in rows("claude-code-settings", "actors")}
    assert types == {
        "claude-code": "os sandbox that commands may leave",
        "claims-coder": "none",
        "tight-coder": "os sandbox",
    }


def test_only_managed_settings_enforce() -> None:
    for row in rows("claude-code-settings", "actors"):
        assert "enforcement_point" not in row
        assert row.get("default_policy") != "deny"
    managed = {r["actor_id"]: r for r in rows("claude-code-managed-settings", "actors")}
    assert managed["claude-code"]["default_policy"] == "deny"
    assert "default_policy" not in managed["other-coder"]


def test_a_policy_that_only_audits_denies_nothing() -> None:
    policies = {r["actor_id"]: r["default_policy"] for r in rows("agt-policies", "actors")}
    assert policies == {"claims-agent": "deny", "rates-agent": "allow"}


def test_what_a_rule_of_a_higher_priority_denies_is_no_right() -> None:
    assert _approval("agt-policies", "claims-agent") == {
        ("search_documents", ""): False,
        ("list_tables", ""): False,
        ("transfer_funds", ""): True,
    }


# Definitions and hints


def test_a_subagent_without_a_list_of_tools_may_use_all() -> None:
    granted = rows("claude-subagents", "grants", actor_id="claude-code:all-tools")
    assert [r["name"] for r in granted] == ["*"]


def test_a_disallowed_tool_is_no_right() -> None:
    granted = {
        r["name"] for r in rows("claude-subagents", "grants", actor_id="claude-code:planner")
    }
    assert granted == {"Agent", "Read"}


@pytest.mark.parametrize("tool", ["search", "no_hints", "only_title", "once", "adds"])
def test_a_hint_that_is_not_given_is_no_statement(tool: str) -> None:
    (row,) = rows("mcp-tools-list", "grants", name=tool)
    assert not {"effect", "reversible", "outbound"} & set(row)


def test_a_tool_that_destroys_nothing_may_still_not_be_undone() -> None:
    (row,) = rows("mcp-tools-list", "grants", name="note_add")
    assert "reversible" not in row


def test_a_published_page_is_not_an_approved_policy() -> None:
    pages = rows("confluence-policy-pages", "policies")
    assert {r["status"] for r in pages} == {"published", "withdrawn"}
    assert not [r for r in pages if "approved_by" in r]
    documents = {r["policy_id"]: r["status"] for r in rows("policy-documents", "policies")}
    assert documents["IAM-03"] == "published"


# What is not read


@pytest.mark.parametrize(
    "source",
    [
        "agent-control-standard",
        "claude-code-hooks",
        "claude-code-settings",
        "claude-subagents",
        "codex-hooks",
        "codex-otel",
        "codex-rollout",
        "confluence-policy-pages",
        "cursor-hooks",
        "gemini-cli",
        "kong-ai-logs",
        "langsmith",
        "litellm-audit-log",
        "litellm-keys",
        "litellm-spend-logs",
        "m365-declarative-agent",
        "mcp-tools-list",
        "n8n",
        "policy-documents",
        "servicenow-policies",
    ],
)
def test_no_prompt_command_or_answer_is_kept(source: str) -> None:
    files = [p for p in (DATA / source).iterdir() if p.name != "golden.json"]
    assert any(b"rivate" in p.read_bytes() for p in files)
    golden = json.loads((DATA / source / "golden.json").read_text(encoding="utf-8"))
    assert "rivate" not in json.dumps(golden["rows"])


def test_a_line_that_a_resumed_session_repeats_counts_once() -> None:
    assert len(rows("claude-code-session", tool="Repeated")) == 1
    assert len(rows("claude-code-session", event_id="msg_001")) == 1
