"""Who stands behind a delegated session: followed to a person or a schedule, or to where it breaks off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reporter.authoring.examples import RUN, load_example
from reporter.engine.duckdb import DuckDB
from reporter.transform.derive import derive

Row = dict[str, Any]
ACTORS: list[Row] = [
    {"actor_id": "bot", "kind": "agent", "state": "active", "owner_id": "ann"},
    {"actor_id": "cron", "kind": "agent", "state": "active", "owner_id": "cid"},
    {"actor_id": "job", "kind": "service_account", "state": "active", "owner_id": "ann"},
    {"actor_id": "ann", "kind": "human", "state": "active", "principal_id": "ann@corp"},
    {"actor_id": "bob", "kind": "human", "state": "retired", "retired_at": "2026-08-05"},
    {"actor_id": "cid", "kind": "human", "state": "retired", "retired_at": "2026-03-01"},
    {"actor_id": "eve", "kind": "human", "state": "leave", "state_since": "2026-08-05"},
    {"actor_id": "fay", "kind": "human", "state": "retired"},
]


def _event(session: str | None, **more: Any) -> Row:
    row = {"actor_id": "bot", "actor_kind": "agent", "occurred_at": "2026-08-05 10:00:00", **more}
    return {**row, "session_id": session} if session else row


Found = list[tuple[Any, ...]]
Chains = list[list[dict[str, Any]]]
"""Of each case, what is found by the names of `SEEN`."""
SEEN = "session_id, agent_id, depth, root_id, root_kind, root_active, broken, n_events"
BROKEN = "concat_ws(' ', broken, broken_at)"
"""SQL: why a chain does not hold, and where."""


def _followed(folder: Path, events: list[Row], actors: list[Row], what: str) -> Found:
    given = {
        "actors": actors,
        "events": events,
        "aliases": [{"actor_id": "ann", "alias": "ann.b@corp"}],
    }
    with DuckDB(folder) as engine:
        load_example(engine, {"given": given})
        derive(engine, RUN, [], wanted={"delegation_chains"})
        return engine.rows(
            f"SELECT {what} FROM delegation_chains ORDER BY session_id, agent_id, root_id"
        )


def _each_followed(folder: Path, cases: list[list[Row]]) -> Chains:
    """What is found of each case, whose sessions have names of their own, so that all are followed at once."""
    own = [
        {k: f"{n}:{v}" if k in ("session_id", "parent_session_id") else v for k, v in event.items()}
        for n, events in enumerate(cases) for event in events
    ]  # fmt: skip
    found: Chains = [[] for _ in cases]
    for row in _followed(folder, own, ACTORS, SEEN.replace("broken", f"nullif({BROKEN}, '')")):
        session, *rest, broken, n_events = row
        number, _, name = session.partition(":")
        mark = f" {number}:"
        plain = [name, *rest, broken and broken.replace(mark, " "), n_events]
        found[int(number)].append(dict(zip(SEEN.split(", "), plain, strict=True)))
    return found


SESSIONS: list[tuple[list[Row], Found]] = [
    ([_event("s", on_behalf_of="ann")], [(1, "ann", "human", True, None)]),
    ([_event("s", on_behalf_of="ann.b@corp")], [(1, "ann", "human", True, None)]),
    ([_event("s", on_behalf_of="ann@corp")], [(1, "ann", "human", True, None)]),
    ([_event("s", on_behalf_of="job")], [(1, "job", "service_account", True, None)]),
    ([_event("s", on_behalf_of="zoe")], [(1, "zoe", None, None, "stranger zoe")]),
    ([_event("s", on_behalf_of="bob")], [(1, "bob", "human", True, None)]),
    ([_event("s", on_behalf_of="bob", occurred_at="2026-08-06")],
     [(1, "bob", "human", False, None)]),
    ([_event("s", on_behalf_of="eve", occurred_at="2026-08-04")],
     [(1, "eve", "human", True, None)]),
    ([_event("s", on_behalf_of="eve")], [(1, "eve", "human", False, None)]),
    ([_event("s", on_behalf_of="eve", occurred_at="2026-08-05")],
     [(1, "eve", "human", False, None)]),
    ([_event("s", on_behalf_of="fay")], [(1, "fay", "human", None, None)]),
    ([_event("s", trigger="schedule")], [(0, "bot", "schedule", True, None)]),
    ([_event("s", trigger="schedule", actor_id="cron")],
     [(0, "cron", "schedule", False, None)]),
    ([_event("s", trigger="schedule", on_behalf_of="job")],
     [(1, "job", "schedule", True, None)]),
    ([_event("s", trigger="schedule", on_behalf_of="ann")],
     [(1, "ann", "human", True, None)]),
    ([_event("s", trigger="event")], [(0, "bot", "agent", True, None)]),
    ([_event("s", trigger="agent")],
     [(0, "bot", "agent", True, "unnamed_agent")]),
    ([_event("s", trigger="human")], [(0, None, "human", None, None)]),
    ([_event("s", trigger="human"), _event("s", actor_id="ann", actor_kind="human")],
     [(1, "ann", "human", True, None)]),
    ([_event("s", trigger="human"), _event("s", actor_id="ann", actor_kind="human"),
      _event("s", actor_id="bob", actor_kind="human")], [(0, None, "human", None, None)]),
    ([_event("s", trigger="event", actor_id="unregistered")],
     [(0, "unregistered", None, None, "stranger unregistered")]),
]  # fmt: skip


@pytest.fixture(scope="module")
def sessions(tmp_path_factory: pytest.TempPathFactory) -> Chains:
    return _each_followed(tmp_path_factory.mktemp("sessions"), [events for events, _ in SESSIONS])


@pytest.mark.parametrize("n", range(len(SESSIONS)))
def test_one_session_leads_to_who_is_behind_it(n: int, sessions: Chains) -> None:  # fmt: skip
    names = ("depth", "root_id", "root_kind", "root_active", "broken")
    assert [tuple(row[name] for name in names) for row in sessions[n]] == SESSIONS[n][1]


def test_an_event_without_a_session_is_one_of_its_own(tmp_path: Path) -> None:
    events = [_event(None, on_behalf_of="ann")]
    found = _followed(
        tmp_path,
        events,
        ACTORS,
        "depth, root_id, root_kind, root_active, nullif(" + BROKEN + ", '')",
    )
    assert found == [(1, "ann", "human", True, None)]


def _child(**more: Any) -> Row:
    return _event("c", parent_session_id="p", **more)


CHAINS: list[tuple[list[Row], tuple[Any, ...]]] = [
    ([_child(), _event("p", actor_id="cron", on_behalf_of="ann")], (2, "ann", "human", None)),
    ([_child(on_behalf_of="cron"), _event("p", actor_id="cron", on_behalf_of="ann")],
     (2, "ann", "human", None)),
    ([_child(on_behalf_of="ann"), _event("p", actor_id="cron")], (2, "ann", "human", None)),
    ([_child(on_behalf_of="cron"), _event("p", actor_id="cron")], (1, "cron", "agent", None)),
    ([_child(on_behalf_of="ann"), _event("p", actor_id="cron", trigger="event")],
     (1, "cron", "agent", None)),
    ([_child(), _event("p", actor_id="cron", trigger="schedule")],
     (1, "cron", "schedule", None)),
    ([_child(), _event("p", actor_id="ann", actor_kind="human"), _event("p", actor_id="cron")],
     (1, "ann", "human", None)),
    ([_child(), _event("p", actor_id="ann", actor_kind="human"),
      _event("p", actor_id="bob", actor_kind="human")], (1, None, "human", None)),
    ([_child(trigger="human", on_behalf_of="ann")], (1, "ann", "human", None)),
    ([_child(), _event("p", on_behalf_of="ann", occurred_at="")], (2, "ann", "human", None)),
    ([_child(), _event("p", on_behalf_of="ann", outcome="denied")], (2, "ann", "human", None)),
    ([_child()], (1, "bot", "agent", "no_parent p")),
    ([_child(on_behalf_of="ann")],
     (2, "ann", "human", "no_parent p")),
    ([_child(), _event("p", on_behalf_of="ann", occurred_at="2026-10-02")],
     (1, "bot", "agent", "no_parent p")),
    ([_child(), _event("p", actor_id="unregistered", on_behalf_of="ann")],
     (2, "ann", "human", "stranger unregistered")),
    ([_child(), {"session_id": "p", "occurred_at": "2026-08-05"}],
     (1, None, None, "no_actor")),
    ([_event("c", parent_session_id="c")],
     (1, "bot", "agent", "circle c")),
]  # fmt: skip
CYCLE = [
    _event("a", parent_session_id="b"),
    _event("b", parent_session_id="c"),
    _event("c", parent_session_id="b"),
]
CIRCLE = [
    _event(s, parent_session_id=up, actor_id=a)
    for s, up in (("a", "b"), ("b", "a"))
    for a in ("bot", "cron")
]


def _long(hops: int) -> list[Row]:
    events = [_event(f"s{n:02d}", parent_session_id=f"s{n + 1:02d}") for n in range(hops)]
    return [*events, _event(f"s{hops:02d}", on_behalf_of="ann")]


SEVERAL = [_event("s", on_behalf_of=who) for who in ("ann", "zoe", "ann")]
MOST_HOPS = 32
MORE = [CYCLE, CIRCLE, _long(MOST_HOPS), _long(MOST_HOPS + 1), SEVERAL]


@pytest.fixture(scope="module")
def chains(tmp_path_factory: pytest.TempPathFactory) -> Chains:
    cases = [*(events for events, _ in CHAINS), *MORE]
    return _each_followed(tmp_path_factory.mktemp("chains"), cases)


@pytest.mark.parametrize("n", range(len(CHAINS)))
def test_a_chain_is_followed_to_its_start(n: int, chains: Chains) -> None:
    names = ("depth", "root_id", "root_kind", "broken")
    found = [tuple(r[name] for name in names) for r in chains[n] if r["session_id"] == "c"]
    assert found == [CHAINS[n][1]]


def test_a_cycle_is_no_start(chains: Chains) -> None:
    assert [(r["session_id"], r["broken"]) for r in chains[len(CHAINS)]] == [
        ("a", "circle b"),
        ("b", "circle c"),
        ("c", "circle b"),
    ]


def test_agents_that_share_sessions_in_a_circle_do_not_multiply(chains: Chains) -> None:
    """Each of them once: every pair at every hop would be 2 to the power of 32."""
    assert [(r["session_id"], r["agent_id"]) for r in chains[len(CHAINS) + 1]] == [
        ("a", "bot"), ("a", "cron"), ("b", "bot"), ("b", "cron"),
    ]  # fmt: skip


@pytest.mark.parametrize(("n", "broken"), [(2, None), (3, "too_long")])
def test_a_chain_may_be_long(n: int, broken: str | None, chains: Chains) -> None:
    first = chains[len(CHAINS) + n][0]
    assert first["session_id"] == "s00"
    assert (first["broken"] is None) if broken is None else broken in first["broken"]


def test_a_session_for_several_people_is_several_rows(chains: Chains) -> None:
    found = chains[len(CHAINS) + 4]
    assert [(r["root_id"], r["n_events"]) for r in found] == [("ann", 2), ("zoe", 1)]


@pytest.mark.parametrize("name", ["ann.b@corp", "ann"])
def test_a_name_of_one_actor_is_not_also_the_identity_of_another(name: str, tmp_path: Path) -> None:
    twin = {"actor_id": "twin", "kind": "human", "state": "active", "principal_id": name}
    found = _followed(tmp_path, [_event("s", on_behalf_of=name)], [*ACTORS, twin], "root_id")
    assert found == [("ann",)]


def test_an_unknown_delegator_may_be_a_person_where_nobody_listed_people(tmp_path: Path) -> None:
    events = [_event("s", on_behalf_of="zoe")]
    found = _followed(
        tmp_path, events, ACTORS[:3], "root_id, root_kind, root_active, nullif(" + BROKEN + ", '')"
    )
    assert found == [("zoe", None, None, None)]


def test_a_list_of_people_that_knows_few_of_those_named_proves_no_absence(tmp_path: Path) -> None:
    """Owners count as well: whom they list is who the list of people should know."""
    elsewhere = [{**a, "owner_id": f"{a['actor_id']}-owner"} for a in ACTORS[:3]]
    events = [_event("s", on_behalf_of="zoe"), _event("t", on_behalf_of="ann")]
    found = _followed(
        tmp_path, events, [*elsewhere, ACTORS[3]], "root_id, root_kind, nullif(" + BROKEN + ", '')"
    )
    assert found == [("zoe", None, None), ("ann", "human", None)]


def test_what_was_not_delegated_not_done_or_not_dated_is_left_out(tmp_path: Path) -> None:
    events = [
        _event("not delegated"),
        _event("not done", on_behalf_of="ann", outcome="denied"),
        _event("not dated", on_behalf_of="ann", occurred_at=""),
        _event("later", on_behalf_of="ann", occurred_at="2026-10-02"),
        _event(None, on_behalf_of="ann", event_class="heartbeat"),
    ]
    assert _followed(tmp_path, events, ACTORS, "session_id") == []
