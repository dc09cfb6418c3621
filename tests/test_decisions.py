"""How long what is new waits until a person decides on it."""

from __future__ import annotations

from typing import Any

import pytest

from reporter.authoring.examples import RUN, load_example
from reporter.engine.duckdb import DuckDB
from reporter.transform.derive import derive

Row = dict[str, Any]


def _uses(n: int, **more: Any) -> list[Row]:
    return [{"occurred_at": f"2026-08-{d:02d}", "actor_id": "bot", **more} for d in range(1, n + 1)]


def _approval(type_: str, scope: str, at: str, **more: Any) -> Row:
    return {"approval_id": "p", "actor_id": "bot", "type": type_, "scope": scope, "granted_at": at,
            **more}  # fmt: skip


CASES: list[tuple[list[Row], list[Row], list[Any]]] = [
    (_uses(5, tool="pay"), [], [("tool", "pay", None)]),
    (_uses(5, tool="pay"), [_approval("tool", "p*", "2026-07-01")], [("tool", "pay", 0)]),
    (_uses(5, tool="pay"), [_approval("tool", "pay", "2026-08-01")], [("tool", "pay", 0)]),
    (_uses(5, tool="pay"), [_approval("tool", "pay", "2026-08-04")], [("tool", "pay", 3)]),
    (_uses(5, tool="pay"), [_approval("tool", "pay", "2026-09-01")], [("tool", "pay", 31)]),
    (_uses(5, tool="pay"), [_approval("tool", "pay", "2026-10-02")], [("tool", "pay", None)]),
    (_uses(5, tool="pay"), [_approval("data", "pay", "2026-08-04")], [("tool", "pay", None)]),
    (_uses(5, tool="pay"), [_approval("tool", "pay", "2026-07-01", expires_at="2026-07-31")],
     [("tool", "pay", None)]),
    (_uses(5, tool="pay", purpose="a") + _uses(3, tool="pay", purpose="b"),
     [_approval("tool", "pay", "2026-08-03", purpose="a")],
     [("tool", "pay", 2), ("tool", "pay", None)]),
    (_uses(5, resource="db/1"), [_approval("data", "db/*", "2026-08-04")],
     [("data", "db/*", 3)]),
    (_uses(5, resource="hr/1"), [], []),
    (_uses(5, destination="x.com; y.com"), [_approval("destination", "y.com", "2026-08-04")],
     [("destination", "x.com", None), ("destination", "y.com", 3)]),
    (_uses(5, tool="pay", outcome="denied"), [], []),
    ([*_uses(5, tool="pay"), {"occurred_at": "2026-06-30", "actor_id": "bot", "tool": "pay"}],
     [], []),
]  # fmt: skip


@pytest.fixture(scope="module")
def undecided(tmp_path_factory: pytest.TempPathFactory) -> list[list[Any]]:
    """What is found of each case, which has an agent of its own."""
    agents = [f"bot-{n}" for n in range(len(CASES))]
    given: dict[str, list[Row]] = {
        "actors": [{"actor_id": a, "kind": "agent"} for a in agents],
        "grants": [{"actor_id": a, "type": "data", "name": "db/*"} for a in agents],
        "approvals": [
            p | {"actor_id": a, "approval_id": f"p-{a}"}
            for a, case in zip(agents, CASES, strict=True) for p in case[1]
        ],
        "events": [
            e | {"actor_id": a} for a, case in zip(agents, CASES, strict=True) for e in case[0]
        ],
    }  # fmt: skip
    with DuckDB(tmp_path_factory.mktemp("undecided")) as engine:
        load_example(engine, {"given": given})
        derive(engine, RUN, [], wanted={"approval_lag"})
        rows = engine.rows(
            "SELECT agent_id, kind, name, days FROM approval_lag ORDER BY kind, name, days"
        )
    return [[tuple(row) for who, *row in rows if who == agent] for agent in agents]


@pytest.mark.parametrize("n", range(len(CASES)))
def test_a_first_use_waits_until_somebody_decides(n: int, undecided: list[list[Any]]) -> None:
    assert undecided[n] == CASES[n][2]
