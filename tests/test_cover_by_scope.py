"""A policy covers whom its own scope names, where no list of an actor would say which policy it is under."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_derived import derived

POLICIES = [
    {"policy_id": "AI-1", "scope": "agents", "status": "approved"},
    {"policy_id": "AI-2", "scope": "agents", "status": "approved", "covers_unit": "Quay"},
    {"policy_id": "AI-3", "scope": "agents", "status": "draft", "covers_unit": "Quay", "covers_environment": "test"},
    {"policy_id": "HR-1", "scope": "staff", "status": "approved", "covers_kind": "human"},
    {"policy_id": "IT-1", "scope": "servers", "status": "approved"},
]  # fmt: skip
ACTORS = [
    {"actor_id": "quay", "kind": "agent", "business_unit": "quay", "environment": "test"},
    {"actor_id": "pier", "kind": "agent", "business_unit": "pier"},
    {"actor_id": "unplaced", "kind": "agent"},
    {"actor_id": "ann", "kind": "human"},
    {"actor_id": "upload", "kind": "service_account"},
]


def covered(tmp_path: Path, actors: list[dict[str, str]]) -> dict[str, str | None]:
    with derived(tmp_path, wanted={"actors"}, actors=actors, policies=POLICIES) as engine:
        return dict(engine.rows("SELECT actor_id, policy_id FROM actors"))


def test_the_approved_policy_with_the_narrowest_scope_covers(tmp_path: Path) -> None:
    assert covered(tmp_path, ACTORS) == {
        "quay": "AI-2", "pier": "AI-1", "unplaced": "AI-1", "ann": "HR-1", "upload": None,
    }  # fmt: skip


@pytest.mark.parametrize("named", ["", "AI-9"])
def test_a_register_that_names_policies_is_believed(tmp_path: Path, named: str) -> None:
    actors = [{**ACTORS[0], "policy_id": named}, {**ACTORS[1], "policy_id": "AI-2"}]
    assert covered(tmp_path, actors)["quay"] == (named or None)


def test_the_policy_that_held_before_the_period_covers_before_a_narrower_one(
    tmp_path: Path,
) -> None:
    """And the version that the record acknowledges is of another."""
    policies = [
        {"policy_id": "AI-1", "scope": "agents", "status": "approved", "effective_at": "2026-01-01"},
        {"policy_id": "AI-2", "scope": "agents", "status": "approved", "effective_at": "2026-08-15", "covers_unit": "Quay"},
    ]  # fmt: skip
    actors = [ACTORS[0] | {"policy_version": "7"}]
    with derived(tmp_path, wanted={"actors"}, actors=actors, policies=policies) as engine:
        assert engine.rows("SELECT policy_id, policy_version FROM actors") == [("AI-1", None)]
