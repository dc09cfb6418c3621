"""One word changed in a register or a log: who is called something else, and what is called a heartbeat, is still assessed or told."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from conftest import assess_few

import reporter

pytestmark = pytest.mark.slow

AGENTS = ("a1", "person", "job", "load")
CHECKS = ("AUD-01", "CHG-03", "ENT-05", "INV-02", "OWN-01", "RSK-02")
HEAD = """organisation: Elm Co
period: {{from: '2026-04-01', to: '2026-04-11'}}
language: {0}
"""


def actor(name: str, kind: str = "agent") -> dict[str, Any]:
    return {
        "type": kind, "actor_id": name, "state": "active", "owner_id": "ann", "created_at": "2026-01-01T00:00:00Z",
        "principal_id": f"p-{name}", "risk_tier": "low", "tools": [{"name": "t", "effect": "read", "granted_at": "2026-01-01T00:00:00Z"}],
        "credentials": [{"credential_id": f"K-{name}"}], "log_sources": ["gw"],
    }  # fmt: skip


def event(day: int, name: str, **more: Any) -> dict[str, Any]:
    return {
        "time": f"2026-04-{day:02}T10:00:00Z", "log_source": "gw", "actor_id": name, "actor_kind": "agent", "principal_id": f"p-{name}",
        "credential_id": f"K-{name}", "event_class": "tool", "tool": "t", "effect": "read", "outcome": "success",
    } | more  # fmt: skip


def beat(day: int, **more: Any) -> dict[str, Any]:
    return {"time": f"2026-04-{day:02}T11:00:00Z", "log_source": "gw", "event_class": "heartbeat", "outcome": "success"} | more  # fmt: skip


MASKS: dict[str, dict[str, Any]] = {
    "tool": {"tool": "drop"}, "effect": {"effect": "delete"}, "resource": {"resource": "r"}, "destination": {"destination": "evil.example"},
    "session": {"session_id": "s"}, "approval": {"approval_id": "x"}, "message": {"message_id": "m", "peer_id": "a1"},
}  # fmt: skip
"""Each field that records an act, alone in an event that is called a heartbeat."""


class World:
    def __init__(self, folder: Path, language: str) -> None:
        ws = folder / "ws"
        people = [actor("ann", "human") | {"tools": [], "credentials": []}]
        listed = [
            actor("a1"),
            actor("person", "human"),
            actor("job", "service_account"),
            actor("load", "workload"),
            actor("gate", "service_account") | {"is_intermediary": True},
            actor("innocent", "service_account"),
        ]
        events = [event(day, name) for day in range(1, 11) for name in AGENTS]
        events += [beat(day) for day in range(1, 11)]
        events += [
            event(3, "a1", event_class="heartbeat", tool="wipe", effect="delete", destination="evil.example"),
            event(4, "thief", credential_id="K-a1", principal_id=None),
            event(4, "borrower", principal_id="p-innocent", credential_id=None),
            event(4, "a1", principal_id="p-gate"),
            event(5, "innocent", actor_kind="service_account"),
            event(6, "ann", actor_kind="human", event_class="admin"),
            beat(6, actor_id="beats", actor_kind="agent"),
            beat(6, actor_id="still", actor_kind="agent", effect="none"),
            *(beat(7, actor_id=f"by-{k}", actor_kind="agent", **more) for k, more in MASKS.items()),
        ]  # fmt: skip
        files = {
            "reporter.yml": HEAD.format(language),
            "inventory/r.json": json.dumps({"records": [*people, *listed]}),
            "logs/gw.jsonl": "".join(f"{json.dumps(e)}\n" for e in events),
        }
        for name, text in files.items():
            (ws / name).parent.mkdir(parents=True, exist_ok=True)
            (ws / name).write_text(text, encoding="utf-8")
        with pytest.MonkeyPatch.context() as patch:
            assess_few(patch, *CHECKS)
            run = reporter.assess(ws)
        rows = run.results()[["check", "subject", "status", "reason", "record"]]
        self.results = {(c, s): told for c, s, *told in rows.itertuples(index=False)}
        self.notices = {n.code: n for n in run.view.summary.notices}
        with (run.folder / "quarantine.csv").open(encoding="utf-8-sig", newline="") as handle:
            self.notes = [(r["kind"], r["reason"]) for r in csv.DictReader(handle)]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("relabelled"), "en")


# ---------------------------------------------------------------- listed as something else


@pytest.mark.parametrize(
    ("name", "kind"),
    [("person", "human"), ("job", "service account"), ("load", "workload")],
)
def test_whom_the_log_calls_an_agent_stays_in_the_checks_on_agents(
    name: str, kind: str, world: World
) -> None:
    for check in ("ENT-05", "INV-02", "OWN-01", "RSK-02"):
        result, reason, _ = world.results[check, name]
        assert (result, f"listed as {kind}" in reason) == ("unknown", True), (check, reason)
        assert "events in which the log calls it an agent" in reason
    assert ("conflict", f"actor {name}: listed as {kind.replace(' ', '_')}, but the log calls it agent; events: 10") in world.notes  # fmt: skip


def test_who_is_listed_otherwise_is_named_on_page_1_and_nobody_else(world: World) -> None:
    assert [*map(str, world.notices["listed_otherwise"].lines)] == [
        "job (service account): events in which the log calls it an agent",
        "load (workload): events in which the log calls it an agent",
        "person (human): events in which the log calls it an agent",
    ]
    for name in ("gate", "innocent", "ann"):
        assert ("OWN-01", name) not in world.results, (
            "whose identity others use is not a agent by that"
        )


# ---------------------------------------------------------------- called a heartbeat


def test_a_deed_that_is_called_a_heartbeat_is_assessed(world: World) -> None:
    result, reason, ref = world.results["ENT-05", "a1"]
    assert (result, "wipe" in reason, ref) == ("fail", True, "logs/gw.jsonl#51"), reason
    assert world.results["CHG-03", "a1"][0] != "pass"


@pytest.mark.parametrize("field", MASKS)
def test_each_field_that_tells_of_a_deed_tells_it(field: str, world: World) -> None:
    result, reason, ref = world.results["INV-02", f"by-{field}"]
    assert (result, ref.startswith("logs/gw.jsonl#")) == ("fail", True), reason


def test_deeds_that_are_called_heartbeats_are_noted_with_their_number(world: World) -> None:
    told = [reason for kind, reason in world.notes if kind == "field" and "heartbeat" in reason]
    assert len(told) == 1 and told[0].startswith(f"{1 + len(MASKS)} events of this file are called heartbeats but record an act")  # fmt: skip


@pytest.mark.parametrize("name", ["beats", "still"])
def test_who_is_seen_only_by_heartbeats_fails_nothing_and_has_its_record(
    name: str, world: World
) -> None:
    mine = {c: v for (c, s), v in world.results.items() if s == name}
    assert {v for v, _, _ in mine.values()} == {"unknown"}, mine
    assert "shows only heartbeats" in mine["INV-02"][1]
    assert mine["INV-02"][2].startswith("logs/gw.jsonl#")
    assert not [c for c, (_, why, _) in mine.items() if "none shows it" in why]


# ---------------------------------------------------------------- what page 1 says of INV-02


def test_page_1_counts_the_results_of_inv_02(world: World) -> None:
    notice = world.notices["unlisted_actors"]
    found = [world.results["INV-02", name][0] for name in ("thief", "borrower", *(f"by-{k}" for k in MASKS))]  # fmt: skip
    assert (found.count("fail"), found.count("unknown")) == (len(MASKS), 2)
    assert f": {len(found)} (INV-02 fails: {len(MASKS)}, unknown: 2). Known or possible agents among them: {len(found)}." in notice.text  # fmt: skip


def test_and_does_so_in_german(tmp_path: Path) -> None:
    told = World(tmp_path, "de").notices["unlisted_actors"].text
    assert f"(INV-02 nicht erfüllt: {len(MASKS)}, unbekannt: 2)" in told and f": {2 + len(MASKS)}." in told  # fmt: skip
