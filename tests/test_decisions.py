"""How often what is new was used before a person decided on it: counted one by one where the decision fell between."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reporter.db import Engine
from reporter.examples import RUN, load_example
from reporter.ingest.tables import derive

Row = dict[str, Any]


def _uses(n: int, **more: Any) -> list[Row]:
    return [{"occurred_at": f"2026-08-{d:02d}", "actor_id": "bot", **more} for d in range(1, n + 1)]


def _approval(type_: str, scope: str, at: str, **more: Any) -> Row:
    return {"approval_id": "p", "actor_id": "bot", "type": type_, "scope": scope, "granted_at": at,
            **more}  # fmt: skip


@pytest.mark.parametrize(
    ("uses", "approvals", "expected"),
    [
        (_uses(5, tool="pay"), [], [("tool", "pay", None, 4)]),
        (_uses(5, tool="pay"), [_approval("tool", "p*", "2026-07-01")], [("tool", "pay", 0, 0)]),
        (_uses(5, tool="pay"), [_approval("tool", "pay", "2026-08-01")], [("tool", "pay", 0, 0)]),
        (_uses(5, tool="pay"), [_approval("tool", "pay", "2026-08-04")], [("tool", "pay", 3, 2)]),
        (_uses(5, tool="pay"), [_approval("tool", "pay", "2026-09-01")], [("tool", "pay", 31, 4)]),
        (_uses(5, tool="pay"), [_approval("tool", "pay", "2026-10-02")], [("tool", "pay", None, 4)]),
        (_uses(5, tool="pay"), [_approval("data", "pay", "2026-08-04")], [("tool", "pay", None, 4)]),
        (_uses(5, tool="pay"), [_approval("tool", "pay", "2026-07-01", expires_at="2026-07-31")],
         [("tool", "pay", None, 4)]),
        (_uses(5, tool="pay", purpose="a") + _uses(3, tool="pay", purpose="b"),
         [_approval("tool", "pay", "2026-08-03", purpose="a")],
         [("tool", "pay", 2, 1), ("tool", "pay", None, 2)]),
        (_uses(5, resource="db/1"), [_approval("data", "db/*", "2026-08-04")],
         [("data", "db/*", 3, 2)]),
        (_uses(5, resource="hr/1"), [], []),
        (_uses(5, destination="x.com; y.com"), [_approval("destination", "y.com", "2026-08-04")],
         [("destination", "x.com", None, 4), ("destination", "y.com", 3, 2)]),
        (_uses(5, tool="pay", outcome="denied"), [], []),
        ([*_uses(5, tool="pay"), {"occurred_at": "2026-06-30", "actor_id": "bot", "tool": "pay"}],
         [], []),
    ],
)  # fmt: skip
def test_uses_are_counted_until_somebody_decides(
    uses: list[Row], approvals: list[Row], expected: list[Any], tmp_path: Path
) -> None:
    given = {
        "actors": [{"actor_id": "bot", "kind": "agent"}],
        "grants": [{"actor_id": "bot", "type": "data", "name": "db/*"}],
        "approvals": approvals,
        "events": uses,
    }
    with Engine(tmp_path) as engine:
        load_example(engine, {"given": given})
        derive(engine, RUN, [])
        found = engine.rows(
            "SELECT kind, name, days, n_meanwhile FROM undecided ORDER BY kind, name, days"
        )
    assert found == expected
