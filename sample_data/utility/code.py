"""What GitHub and Claude Code export: pull requests, reviews, the audit log in a SIEM, alerts, workflows, agents in files, events."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from utility import suppliers
from utility.cast import BY_NAME, Agent, Quarter, guid, hexid, iso, present

Json = dict[str, Any]
API = "https://api.github.com/repos/"
FILES = ("prompts/system.md", "src/agent.py", "src/tools.py")
SUBAGENTS = {
    "pipeline-fixer": "---\nname: pipeline-fixer\ndescription: Repairs broken builds in a branch and opens a pull request\n"
    "tools: Read, Grep, Edit, Bash\nmodel: claude-sonnet-4-5-20250929\npermissionMode: acceptEdits\nmaxTurns: 40\n---\n\nInvented.\n",
    "schema-migrator": "---\nname: schema-migrator\ndescription: Writes migrations of databases and tries them on a copy\n"
    "tools: Read, Write, Bash\nmodel: sonnet\npermissionMode: bypassPermissions\nmemory: project\n---\n\nInvented.\n",
    "doc-reader": "---\nname: doc-reader\ndescription: Answers engineers from the documentation in the repository\n"
    "tools: Read, Grep, Glob\nmodel: claude-sonnet-4-5-20250929\npermissionMode: default\nmaxTurns: 20\n---\n\nInvented.\n",
    "release-notes": "---\nname: release-notes\ndescription: Plans release notes\ntools: Read, Bash\nmodel: claude-sonnet-4-5-20250929\n"
    "permissionMode: plan\nmaxTurns: 20\n---\n\nInvented.\n",
}


def files(quarter: Quarter) -> dict[str, Any]:
    """Give each file by its place."""
    made: dict[str, Any] = {
        "inventory/github/workflows.json": list(_workflows(quarter)),
        "inventory/github/secret-scanning.json": list(_alerts(quarter)),
        "statements/github/pulls.json": [_pull(*p) for p in _pulls(quarter)],
        "statements/github/reviews.json": [_review(*p) for p in _pulls(quarter) if p[4]],
        "statements/github/files.json": [_file(*p) for p in _pulls(quarter)],
        "logs/splunk/github-audit.jsonl.gz": list(_audit(quarter)),
        "logs/claude-code/events.jsonl.gz": list(_events(quarter)),
        "logs/claude-code/hooks.jsonl.gz": list(_hooks(quarter)),
        "inventory/claude/.mcp.json": _servers(quarter),
        "inventory/claude/managed-settings.json": _settings(),
    }
    for name, text in SUBAGENTS.items():
        made[f"inventory/claude/agents/{name}.md"] = text
    return made


def _with_code(quarter: Quarter) -> list[Agent]:
    return [a for a in present(quarter) if a.host == "eks" and a.in_cmdb and not a.retired]


def _pulls(quarter: Quarter) -> Iterator[tuple[Agent, int, datetime, str, str, str]]:
    """Give agent, number, time of the merge, author, reviewer and file."""
    for place, agent in enumerate(_with_code(quarter)):
        for turn in range(2):
            merged = quarter.begin + timedelta(days=12 + 30 * turn + place, hours=10, minutes=17)
            number = (1 if quarter.id == "2026-q2" else 3) + turn
            yield agent, number, merged, "nbrandt", "haalto", FILES[(turn + place) % 3]
        # Once a quarter the servers of tools are moved to their next version.
        yield (
            agent,
            20 + int(quarter.is_second),
            quarter.begin + timedelta(days=70, hours=9, minutes=place),
            "nbrandt",
            "haalto",
            "mcp.json",
        )
    if quarter.is_second:
        # Samir approves his own change of the prompt.
        billing = next(a for a in _with_code(quarter) if a.key == "billing-dispute")
        yield billing, 9, datetime(2026, 9, 1, 17, 40), "shaddad", "shaddad", "prompts/system.md"


def _head(agent: Agent, number: int) -> str:
    return hexid(f"head {agent.key} {number}", 40)


def _pull(
    agent: Agent, number: int, merged: datetime, author: str, reviewer: str, file: str
) -> Json:
    return {
        "url": f"{API}{agent.repository}/pulls/{number}",
        "number": number,
        "state": "closed",
        "html_url": f"https://github.com/{agent.repository}/pull/{number}",
        "title": "Invented",
        "user": {"login": author, "type": "User"},
        "created_at": iso(merged - timedelta(days=1)),
        "merged_at": iso(merged),
        "merge_commit_sha": hexid(f"merge {agent.key} {number}", 40),
        "head": {
            "ref": "change",
            "sha": _head(agent, number),
            "repo": {"full_name": agent.repository},
        },
        "base": {
            "ref": "main",
            "sha": hexid(f"base {agent.key} {number}", 40),
            "repo": {"full_name": agent.repository},
        },
    }


def _review(
    agent: Agent, number: int, merged: datetime, author: str, reviewer: str, file: str
) -> Json:
    return {
        "id": number,
        "user": {"login": reviewer, "type": "User"},
        "state": "APPROVED",
        "html_url": f"https://github.com/{agent.repository}/pull/{number}#pullrequestreview-{number}",
        "pull_request_url": f"{API}{agent.repository}/pulls/{number}",
        "author_association": "MEMBER",
        "submitted_at": iso(merged - timedelta(minutes=50)),
        "commit_id": _head(agent, number),
    }


def _file(
    agent: Agent, number: int, merged: datetime, author: str, reviewer: str, file: str
) -> Json:
    return {
        "sha": hexid(f"blob {agent.key} {number}", 40),
        "filename": file,
        "status": "modified",
        "additions": 3,
        "deletions": 1,
        "changes": 4,
        "contents_url": f"{API}{agent.repository}/contents/{file}?ref={_head(agent, number)}",
        "blob_url": f"https://github.com/{agent.repository}/blob/{_head(agent, number)}/{file}",
    }


def _content(repository: str, path: str, text: str) -> Json:
    return {
        "name": path.rsplit("/", 1)[-1],
        "path": path,
        "sha": hexid(repository + path, 40),
        "url": f"{API}{repository}/contents/{path}?ref=main",
        "type": "file",
        "content": base64.b64encode(text.encode()).decode(),
        "encoding": "base64",
    }


def _workflows(quarter: Quarter) -> Iterator[Json]:
    for agent in _with_code(quarter):
        static = agent.key == "contract-drafter"
        step = (
            "env:\n      AWS_SECRET_ACCESS_KEY: ${{ secrets.AWS_SECRET_ACCESS_KEY }}\n"
            if static
            else "steps:\n      - uses: aws-actions/configure-aws-credentials@v4\n        with:\n          role-to-assume: "
            "arn:aws:iam::111122223333:role/deploy\n"
        )
        text = f"on: push\npermissions:\n  {'contents: read' if static else 'id-token: write'}\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    {step}"
        yield _content(agent.repository, ".github/workflows/deploy.yml", text)
        yield _content(agent.repository, ".github/CODEOWNERS", "* @haalto\n")


def _alerts(quarter: Quarter) -> Iterator[Json]:
    for agent in _with_code(quarter):
        is_open = agent.key == "contract-drafter" and quarter.is_second
        yield {
            "number": 1,
            "created_at": "2026-08-27T09:00:00Z" if is_open else "2026-02-03T09:00:00Z",
            "updated_at": "2026-08-27T09:00:00Z" if is_open else "2026-02-04T09:00:00Z",
            "url": f"{API}{agent.repository}/secret-scanning/alerts/1",
            "html_url": f"https://github.com/{agent.repository}/security/secret-scanning/1",
            "state": "open" if is_open else "resolved",
            "resolution": None if is_open else "revoked",
            "resolved_at": None if is_open else "2026-02-04T09:00:00Z",
            "secret_type": "aws_secret_access_key",
            "validity": "active" if is_open else "inactive",
            "repository": {"id": 1, "full_name": agent.repository},
        }


def _stamp(moment: datetime) -> int:
    return int((moment - datetime(1970, 1, 1)).total_seconds() * 1000)


def _audit(quarter: Quarter) -> Iterator[Json]:
    """Give the audit log as a search of Splunk exports it."""
    import json

    events = []
    for agent, number, merged, author, _, _ in _pulls(quarter):
        events.append({"@timestamp": _stamp(merged), "_document_id": guid(f"merge {agent.key} {number}"), "action": "pull_request.merge",
                       "actor": author, "actor_is_bot": False, "org": "brightwater", "repo": agent.repository})  # fmt: skip
    for day in quarter.days():
        moment = day + timedelta(hours=9, minutes=5)
        events.append({"@timestamp": _stamp(moment), "_document_id": guid("clone " + iso(day)), "action": "git.clone",
                       "actor": "brightwater-deploy[bot]", "actor_is_bot": True, "org": "brightwater", "repo": "brightwater/meter-anomaly"})  # fmt: skip
    for event in sorted(events, key=lambda e: (e["@timestamp"], e["_document_id"])):
        yield {
            "preview": False,
            "offset": 0,
            "result": {
                "_time": event["@timestamp"] / 1000,
                "sourcetype": "github:audit",
                "_raw": json.dumps(event),
            },
        }


def _settings() -> Json:
    return {
        "allowManagedPermissionRulesOnly": True,
        "allowManagedHooksOnly": True,
        "permissions": {
            "defaultMode": "dontAsk",
            "disableBypassPermissionsMode": "disable",
            "allow": ["Read", "Grep", "Glob"],
            "ask": ["Bash", "Edit", "Write", "Agent"],
            "deny": ["WebFetch"],
        },
        "sandbox": {
            "enabled": True,
            "allowUnsandboxedCommands": False,
            "failIfUnavailable": True,
            "network": {"allowManagedDomainsOnly": True, "allowedDomains": ["github.com"]},
        },
    }


def _line(name: str, moment: datetime, session: str, agent: str, **more: Any) -> Json:
    sofia = BY_NAME["Sofia Reyes"]
    attributes = {
        "session.id": session,
        "event.name": name,
        "event.timestamp": iso(moment),
        "user.email": sofia.mail,
        "user.id": hexid("claude user sofia", 32),
        "organization.id": guid("claude organisation"),
        **more,
    }
    if agent:
        attributes["agent.name"] = agent
    return {
        "body": "claude_code." + name,
        "timestamp": iso(moment),
        "attributes": attributes,
        "resource": {"service.name": "claude-code"},
    }


def _hooks(quarter: Quarter) -> Iterator[Json]:
    """Give what the hooks of Sofia's client wrote: it starts the documentation reader each day."""
    for day in quarter.days():
        start, session = day + timedelta(hours=9, minutes=30), guid("hooks " + iso(day))
        common = {
            "session_id": session,
            "transcript_path": f"/home/sofia/.claude/projects/web/{session}.jsonl",
            "cwd": "/home/sofia/web",
        }
        child = {"agent_id": hexid("child " + session, 8), "agent_type": "doc-reader"}
        yield _hook(
            start,
            common,
            permission_mode="dontAsk",
            hook_event_name="SessionStart",
            source="startup",
            model="claude-sonnet-4-5-20250929",
        )
        yield _hook(start + timedelta(seconds=5), common, hook_event_name="SubagentStart", **child)
        for number, tool in enumerate(("Read", "Grep")):
            yield _hook(start + timedelta(seconds=9 + number), common, permission_mode="dontAsk", hook_event_name="PostToolUse", tool_name=tool,
                        tool_input={"file_path": "/home/sofia/web/docs/index.md"}, tool_response={"type": "text"},
                        tool_use_id="toolu_" + hexid(f"hook {session} {tool}", 20), **child)  # fmt: skip


def _hook(moment: datetime, common: Json, **more: Any) -> Json:
    return {"timestamp": iso(moment), **common, **more}


def _servers(quarter: Quarter) -> Json:
    """Give the servers that Claude Code starts; one is whatever version is the latest."""
    return {
        "mcpServers": {
            "tickets": {
                "type": "http",
                "url": "https://tickets-mcp.brightwater.example.com/mcp",
                "headers": {"Authorization": "Bearer ${TICKETS}"},
            },
            "diagrams": {"command": "npx", "args": ["-y", "diagram-mcp@latest"]},
            **suppliers.servers(quarter),
        },
        "reporter_actor_id": "claude-code",
    }


def _events(quarter: Quarter) -> Iterator[Json]:
    for day in quarter.days():
        for agent, tools in (("pipeline-fixer", ("Read", "Grep", "Edit", "Bash")), ("schema-migrator", ("Read", "Write", "Bash")),
                             ("doc-reader", ("Read", "Grep", "Glob")), ("release-notes", ("Read", "Bash") if day.weekday() == 4 else ("Read",))):  # fmt: skip
            start = day + timedelta(hours=13, minutes=len(agent))
            session = guid(f"claude {agent} {iso(day)}")
            # In August the pipeline fixer was moved to another model than its file names, and no ticket says so.
            moved = agent == "pipeline-fixer" and day >= datetime(2026, 8, 20)
            yield _line(
                "api_request",
                start,
                session,
                agent,
                model="claude-haiku-4-5-20251001" if moved else "claude-sonnet-4-5-20250929",
            )
            for number, tool in enumerate(tools):
                moment = start + timedelta(seconds=20 * (number + 1))
                call = "toolu_" + hexid(f"{session} {tool}", 20)
                source = (
                    "user_temporary" if tool == "Bash" and agent == "pipeline-fixer" else "config"
                )
                yield _line(
                    "tool_decision",
                    moment,
                    session,
                    agent,
                    tool_name=tool,
                    decision="accept",
                    source=source,
                    tool_use_id=call,
                )
                yield _line("tool_result", moment + timedelta(seconds=2), session, agent, tool_name=tool, success=True, tool_use_id=call,
                            decision_type="accept", decision_source=source)  # fmt: skip
    if quarter.is_second:
        start = datetime(2026, 9, 8, 15, 30)
        yield _line("tool_decision", start, guid("claude refused"), "pipeline-fixer", tool_name="WebFetch", decision="reject", source="config",
                    tool_use_id="toolu_refused0000000000001")  # fmt: skip
