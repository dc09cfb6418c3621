"""What checks say beside their verdicts, where a wrong word survived the examples: found by changing their SQL."""

from __future__ import annotations

from typing import Any

import pytest

from reporter import catalog
from reporter.examples import verdicts
from reporter.model import Check


@pytest.fixture(scope="module")
def checks() -> dict[str, Check]:
    return {c.id: c for c in catalog.load().checks}


def event(actor: str, kind: str | None, day: str, outcome: str = "success") -> dict[str, Any]:
    told = {"occurred_at": f"2026-08-{day}", "actor_id": actor, "outcome": outcome}
    return told | ({"actor_kind": kind} if kind else {})


def test_who_is_in_no_list_is_told_by_what_its_own_log_says_of_it(checks: dict[str, Check]) -> None:
    given = {
        "actors": [{"actor_id": "ann", "kind": "human"}],
        "events": [
            event("person", "human", "02"), event("job", "service_account", "03"), event("untold", None, "04"),
            event("two", "human", "05"), event("two", "service_account", "06"),
            event("tried", "human", "07"), event("tried", "service_account", "08", "denied"),
        ],
    }  # fmt: skip
    told = {s: reason for s, (_, reason) in verdicts(checks["INV-02"], {"given": given}).items()}
    seen = "in no register, yet acting since 2026-08-{} (events: {})".format
    assert told == {
        "person": f"{seen('02', 1)}; that it is a person, the log alone says",
        "job": f"{seen('03', 1)}; that it is a service account, the log alone says",
        "untold": f"{seen('04', 1)}; what it is, neither a list nor the log says",
        "two": f"{seen('05', 2)}; the log alone says what it is, and not always the same",
        "tried": f"{seen('07', 1)}; that it is a person, the log alone says",
    }


def agent(name: str, owner: str, second: str, risk: str) -> dict[str, Any]:
    told = {"owner_id": owner, "technical_owner_id": second, "risk_tier": risk}
    return {"actor_id": name, "kind": "agent", "state": "active", **told}


def test_an_owner_is_told_by_what_is_wrong_with_it(checks: dict[str, Check]) -> None:
    people = [{"actor_id": who, "kind": "human", "state": "active"} for who in ("ann", "bob")]
    agents = [
        agent("none", "", "bob", "low"), agent("group", "desk", "bob", "high"), agent("alone", "ann", "", "high"),
        agent("twice", "ann", "Ann ", "high"), agent("two", "ann", "bob", "high"), agent("low", "ann", "ann", "low"),
    ]  # fmt: skip
    given = {"actors": [*people, {"actor_id": "desk", "kind": "group"}, *agents]}
    told = verdicts(checks["OWN-01"], {"given": given})
    assert {name: told[name][1] for name in ("none", "group", "alone", "twice", "two", "low")} == {
        "none": "no owner is recorded",
        "group": "owner desk is a group, not a person",
        "alone": "owned by ann, but a high-risk agent needs a second, technical owner",
        "twice": "owner and technical owner are the same person, ann",
        "two": "owned by ann, technical owner bob",
        "low": "owned by ann, technical owner ann",
    }
