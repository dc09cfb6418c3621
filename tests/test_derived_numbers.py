"""The numbers of tiers.csv and paths.csv, by hand: each of the ten factors at each of its values, each way a use can stand."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest

from reporter.authoring import examples
from reporter.engine.duckdb import DuckDB
from reporter.evaluate import extract
from reporter.model.comparison import Comparison
from reporter.transform.derive import derive
from reporter.transform.log_coverage import Expected

pytestmark = pytest.mark.slow

Rows = dict[str, list[dict[str, Any]]]

BASE = {
    "kind": "agent", "state": "active", "risk_tier": "low", "autonomy": 1, "user_facing": False, "memory_scope": "none",
    "tools_listed": True, "data_listed": True,
}  # fmt: skip
"""An agent of which all is known and nothing amplifies: 1 for language, 1 for chance; at most 1 more for opacity, 1 for peers."""
LOWEST = (2, 4)
TOOL, DATA = {"type": "tool", "name": "t"}, {"type": "data", "name": "d"}
FACTORS: list[tuple[str, dict[str, Any], Rows, tuple[int, int]]] = [
    # what is different, in the record, in other tables, added to the least and the most, in halves
    ("nothing", {}, {}, (0, 0)),
    ("autonomy 2", {"autonomy": 2}, {}, (1, 1)),
    ("autonomy 3 may also change itself", {"autonomy": 3}, {}, (3, 3)),
    ("autonomy 4 reaches what it likes and changes itself", {"autonomy": 4}, {}, (6, 6)),
    ("autonomy not recorded", {"autonomy": ""}, {}, (0, 4)),
    ("a tool that reads", {}, {"grants": [TOOL | {"effect": "read"}]}, (1, 1)),
    ("a tool that writes", {}, {"grants": [TOOL | {"effect": "write"}]}, (2, 2)),
    ("a tool of no known effect", {}, {"grants": [TOOL]}, (1, 2)),
    ("no list of tools", {"tools_listed": ""}, {}, (0, 2)),
    ("restricted data", {}, {"grants": [DATA | {"classification": "restricted"}]}, (2, 2)),
    ("confidential data", {}, {"grants": [DATA | {"classification": "confidential"}]}, (1, 1)),
    ("data of no known class", {}, {"grants": [DATA]}, (0, 2)),
    ("people talk to it", {"user_facing": True}, {}, (1, 1)),
    ("whether people do is not recorded", {"user_facing": ""}, {}, (0, 1)),
    ("a model that floats", {}, {"components": [{"component_id": "m2", "type": "model", "pinned": False}]}, (0, 1)),
    ("no event shows it", {}, {"events": []}, (2, 1)),
    ("memory of a session", {"memory_scope": "session"}, {}, (1, 1)),
    ("memory of its own", {"memory_scope": "agent"}, {}, (2, 2)),
    ("shared memory", {"memory_scope": "shared"}, {}, (2, 2)),
    ("memory not recorded", {"memory_scope": ""}, {}, (0, 2)),
    ("a principal that another uses too", {}, {"events": [{"principal_id": "both"}]}, (1, 2)),
    ("it acts for somebody", {}, {"events": [{"on_behalf_of": "ann"}]}, (2, 2)),
    ("no identity is recorded", {"principal_id": ""}, {"events": [{"principal_id": ""}]}, (0, 2)),
    ("a peer, which is reach as well", {}, {"links": [{"peer_id": "x"}]}, (3, 3)),
    ("two peers", {}, {"links": [{"peer_id": "x"}, {"peer_id": "y"}]}, (4, 3)),
]  # fmt: skip


def compared(given: Rows) -> Comparison:
    """What a run would print of these rows beside its results."""
    with tempfile.TemporaryDirectory() as folder, DuckDB(Path(folder)) as engine:
        examples.load_example(engine, {"given": given})
        derive(engine, examples.RUN, [Expected("gateway", "day", 0)])
        return extract.compared(engine)


def each(cases: list[tuple[str, dict[str, Any], Rows, Any]]) -> Rows:
    """One agent a case, named a0, a1 ...: BASE with what is different."""
    rows: Rows = {"actors": [{"actor_id": "ann", "kind": "human", "state": "active"}], "events": [], "components": [],
                  "grants": [], "links": []}  # fmt: skip
    for n, (_, own, more, _) in enumerate(cases):
        me = f"a{n}"
        rows["actors"].append(BASE | {"actor_id": me, "principal_id": f"p-{me}"} | own)
        rows["components"].append(
            {"actor_id": me, "component_id": "m", "type": "model", "pinned": True}
        )
        event = {
            "actor_id": me,
            "principal_id": f"p-{me}",
            "occurred_at": "2026-08-01",
            "event_class": "session",
        }
        rows["events"] += [event | e for e in more.get("events", [{}])]
        for table in ("grants", "components", "links"):
            rows[table] += [{"actor_id": me} | row for row in more.get(table, [])]
    rows["events"].append({"actor_id": "ann", "principal_id": "both", "occurred_at": "2026-08-01"})
    return rows


@pytest.fixture(scope="module")
def factors() -> dict[str, tuple[int, int]]:
    return {r.agent: (r.factors_lo, r.factors_hi) for r in compared(each(FACTORS)).tiers}


@pytest.mark.parametrize("n", range(len(FACTORS)), ids=[f[0] for f in FACTORS])
def test_each_factor_counts_what_is_known_at_least_and_what_may_be_at_most(
    n: int, factors: dict[str, tuple[int, int]]
) -> None:
    lo, hi = FACTORS[n][3]
    assert factors[f"a{n}"] == (LOWEST[0] + lo, LOWEST[1] + hi)


TIERS: list[tuple[str, dict[str, Any], Rows, tuple[int, ...]]] = [
    # autonomy, blast radius, data: least and most of each; then the tier
    ("nothing", {}, {}, (0, 0, 0, 0, 0, 0, 1, 1)),
    ("declared higher", {"risk_tier": "high"}, {}, (0, 0, 0, 0, 0, 0, 3, 3)),
    ("autonomy 2 and confidential data", {"autonomy": 2}, {"grants": [DATA | {"classification": "confidential"}]},
     (1, 1, 0, 0, 1, 1, 2, 2)),
    ("full autonomy with full reach", {"autonomy": 4}, {}, (2, 2, 2, 2, 0, 0, 3, 3)),
    ("all in full", {"autonomy": 4}, {"grants": [DATA | {"classification": "restricted"}]}, (2, 2, 2, 2, 2, 2, 4, 4)),
    ("a tool that deletes", {}, {"grants": [TOOL | {"effect": "delete"}]}, (0, 0, 2, 2, 0, 0, 2, 2)),
    ("it deleted, whatever is granted", {}, {"events": [{"effect": "delete"}]}, (0, 0, 2, 2, 0, 0, 2, 2)),
    ("what was denied was not done", {}, {"events": [{"effect": "delete", "outcome": "denied"}]}, (0, 0, 0, 0, 0, 0, 1, 1)),
    ("a privileged right", {}, {"grants": [{"type": "entitlement", "name": "e", "privileged": True}]},
     (0, 0, 1, 1, 0, 0, 1, 1)),
    ("nothing is listed", {"autonomy": "", "tools_listed": "", "data_listed": ""}, {}, (0, 2, 0, 2, 0, 2, 1, 4)),
    ("restricted data was reached", {}, {"events": [{"classification": "restricted"}]}, (0, 0, 0, 0, 2, 2, 2, 2)),
]  # fmt: skip


@pytest.fixture(scope="module")
def tiers() -> dict[str, tuple[int, ...]]:
    return {
        r.agent: (
            r.autonomy_lo, r.autonomy_hi, r.blast_lo, r.blast_hi, r.data_lo, r.data_hi, r.tier_lo, r.tier_hi,
        )
        for r in compared(each(TIERS)).tiers
    }  # fmt: skip


@pytest.mark.parametrize("n", range(len(TIERS)), ids=[t[0] for t in TIERS])
def test_the_tier_follows_from_what_is_known_of_three_attributes(
    n: int, tiers: dict[str, tuple[int, ...]]
) -> None:
    assert tiers[f"a{n}"] == TIERS[n][3]


def test_an_agent_of_no_register_has_the_highest_tier() -> None:
    event = {"actor_id": "unregistered", "actor_kind": "agent", "occurred_at": "2026-08-01"}
    [row] = compared({"events": [event]}).tiers
    assert (row.tier_lo, row.tier_hi) == (4, 4)


# ---------------------------------------------------------------- paths.csv


@pytest.fixture(scope="module")
def paths() -> dict[tuple[str, str, str], tuple[Any, ...]]:
    """(agent, kind, name) -> uses, changes, standing, note, day, ref."""
    given: Rows = {
        "actors": [
            {"actor_id": "a", "kind": "agent", "state": "active"},
            {"actor_id": "ann", "kind": "human", "state": "active"},
            {"actor_id": "gone", "kind": "human", "state": "retired", "retired_at": "2026-07-01"},
        ],
        "grants": [
            {"actor_id": "a", "type": "tool", "name": "t.before", "approved_at": "2026-07-01"},
            {"actor_id": "a", "type": "tool", "name": "t.later", "approved_at": "2026-08-05"},
            {"actor_id": "a", "type": "data", "name": "db/*", "approved_at": "2026-07-01"},
        ],
        "events": [
            {"actor_id": "a", "occurred_at": f"2026-08-0{day}", "event_class": "tool"} | more
            for day, more in (
                (1, {"tool": "t.before", "effect": "read"}),
                (2, {"tool": "t.before", "effect": "write"}),
                (1, {"tool": "t.later", "effect": "read"}),
                (3, {"tool": "t.never"}),
                (3, {"tool": "t.denied", "outcome": "denied"}),
                (4, {"event_class": "data", "resource": "db/1", "effect": "read"}),
                (5, {"tool": "t.before", "destination": "x.example", "effect": "write"}),
                (6, {"tool": "t.before", "effect": "read", "on_behalf_of": "ann"}),
                (6, {"tool": "t.before", "effect": "read", "on_behalf_of": "gone"}),
                (
                    7,
                    {
                        "actor_id": "unregistered",
                        "actor_kind": "agent",
                        "tool": "g",
                        "effect": "delete",
                    },
                ),
                (
                    8,
                    {
                        "actor_id": "unregistered",
                        "actor_kind": "agent",
                        "tool": "g",
                        "effect": "delete",
                    },
                ),
            )
        ]
        + [{"actor_id": "a", "occurred_at": "2026-06-01", "tool": "t.old", "event_class": "tool"}],
    }
    return {
        (p.agent, p.kind, p.name): (p.uses, p.changes, p.standing, p.note, p.first_at.day, p.ref)
        for p in compared(given).paths
    }


PATHS: list[tuple[tuple[str, str, str], tuple[Any, ...]]] = [
    (("a", "tool", "t.before"), (5, True, "before", "", 1, "events#1")),
    (("a", "tool", "t.later"), (1, False, "later", "", 1, "events#3")),
    (("a", "tool", "t.never"), (1, None, "never", "", 3, "events#4")),
    (("a", "data", "db/*"), (1, False, "before", "", 4, "events#6")),
    (("a", "destination", "x.example"), (1, True, "never", "", 5, "events#7")),
    (("a", "principal", "ann"), (1, None, "holds", "human", 6, "events#8")),
    (("a", "principal", "gone"), (1, None, "left", "human", 6, "events#9")),
    (("unregistered", "tool", "g"), (2, True, "unregistered", "", 7, "events#10")),
]


@pytest.mark.parametrize(("path", "expected"), PATHS, ids=[" ".join(p) for p, _ in PATHS])
def test_a_path_counts_its_uses_and_says_how_they_stand(
    path: tuple[str, str, str],
    expected: tuple[Any, ...],
    paths: dict[tuple[str, str, str], tuple[Any, ...]],
) -> None:
    assert paths[path] == expected


def test_what_was_denied_or_lies_before_the_period_is_no_path(
    paths: dict[tuple[str, str, str], tuple[Any, ...]],
) -> None:
    assert set(paths) == {p for p, _ in PATHS}
