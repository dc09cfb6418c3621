"""An agent that has another name now, and declares the old one an alias, is the same agent in comparisons."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import assess_few

from reporter.model.history import History
from reporter.pipeline.assess import Options, assess_workspace

pytestmark = pytest.mark.slow

SETTINGS = """organisation: Example
period: {{from: 2026-{0}-01, to: 2026-{1}-30}}
as_of: 2026-{1}-30T12:00:00Z
"""


def _history(folder: Path, **facts: object) -> History:
    made = None
    for quarter, months, name in (("q2", ("04", "06"), "old"), ("q3", ("07", "09"), "new")):
        inventory = folder / quarter / "inventory"
        inventory.mkdir(parents=True)
        (folder / quarter / "reporter.yml").write_text(SETTINGS.format(*months), encoding="utf-8")
        more = facts if name == "new" else {}
        row = {"type": "agent", "actor_id": name, "state": "active", "expires_at": ""} | more
        (inventory / "agents.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
        earlier = (folder / "run-q2",) if made else ()
        options = Options(formats=("json", "csv"), earlier=earlier)
        made, _ = assess_workspace(folder / quarter, folder / f"run-{quarter}", options)
    assert made and made.history
    return made.history


def test_a_renamed_agent_that_declares_its_old_name_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assess_few(monkeypatch, "LIF-01")
    followed = _history(tmp_path / "declared", aliases=["old"])
    assert ("LIF-01", "fail", "fail", 1) in followed.flows and not followed.actors
    lost = _history(tmp_path / "undeclared")
    assert {(seen.id, seen.is_new) for seen in lost.actors} == {("old", False), ("new", True)}
