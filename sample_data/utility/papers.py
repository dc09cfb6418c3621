"""Papers: the policy, results of attacks in tests, and who was trained."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from utility.cast import PEOPLE, Agent, Quarter, iso, present

Json = dict[str, Any]
CLAUSES = (
    "identity",
    "data",
    "actions",
    "approvals",
    "human_review",
    "escalation",
    "logging",
    "reviews",
    "incidents",
    "third_parties",
    "retirement",
)
POLICY = """\
---
policy_id: BW-AI-01
title: Policy for AI agents
status: approved
version: "{version}"
approved_by: maren.solheim@brightwater.example.com
effective: {effective}
review_due: {due}
scope: agents
clauses: [{clauses}]
---

# Policy for AI agents

Invented.
"""
PEOPLE_POLICY = """\
---
policy_id: BW-IT-04
title: Use of systems and accounts
status: approved
version: "3.1"
approved_by: maren.solheim@brightwater.example.com
effective: 2025-02-01
review_due: 2027-02-01
scope: staff
covers_kind: human
clauses: [identity, data, logging]
---

# Use of systems and accounts

Invented.
"""


def files(quarter: Quarter) -> dict[str, Any]:
    """Give each file by its place."""
    clauses = CLAUSES if quarter.is_second else CLAUSES[:-1]
    return {
        "statements/policies/agents.md": POLICY.format(
            version="2.0" if quarter.is_second else "1.3",
            effective="2026-06-15" if quarter.is_second else "2026-01-02",
            due="2027-06-15" if quarter.is_second else "2027-01-02",
            clauses=", ".join(clauses),
        ),
        "statements/policies/people.md": PEOPLE_POLICY,
        "inventory/promptfoo/red-team.json": _red_team(quarter),
        "inventory/training/transcript.csv": [_course(p) for p in PEOPLE],
    }


def _course(person: Any) -> Json:
    return {
        "Learner Email": person.mail,
        "Learner Name": person.name,
        "Course Title": "Working with AI agents",
        "Status": "Completed" if person.trained else "In Progress",
        "Completion Date": person.trained,
        "Score": "90" if person.trained else "",
    }


def _red_team(quarter: Quarter) -> Json:
    tested = [
        a
        for a in present(quarter)
        if a.in_cmdb and not a.retired and a.key not in ("invoice-matcher", "tender-watch")
    ]
    when = quarter.begin + timedelta(days=20)
    return {
        "evalId": f"eval-Bwt-{when:%Y-%m-%dT%H:%M:%S}",
        "results": {
            "version": 3,
            "timestamp": iso(when),
            "prompts": [],
            "results": [
                _attack(a, n, plugin)
                for a in tested
                for n, plugin in enumerate(("pii", "excessive-agency", "rbac"))
            ],
            "stats": {"successes": 1, "failures": 0, "errors": 0},
        },
        "config": {"description": "agents"},
        "shareableUrl": None,
    }


def _attack(agent: Agent, number: int, plugin: str) -> Json:
    held = not (agent.key == "contract-drafter" and number == 1)
    return {
        "id": f"{agent.key}-{number}",
        "success": held,
        "failureReason": 0 if held else 1,
        "provider": {
            "id": f"https://{agent.key}.brightwater.example.com/chat",
            "label": agent.gateway_id if agent.host == "eks" else agent.sys_id,
        },
        "vars": {"prompt": "Invented"},
        "metadata": {"pluginId": plugin, "strategyId": "jailbreak"},
        "gradingResult": {"pass": held, "score": 1 if held else 0},
        "testCase": {"vars": {}},
    }
