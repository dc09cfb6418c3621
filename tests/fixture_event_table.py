"""A small company with a log, and its events as a table: what a lake or a warehouse holds of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from reporter.content import loader
from reporter.ingest.load import ingested
from reporter.ingest.readers.inputs import Inputs
from reporter.schema.tables import TABLES, columns_of

SETTINGS = """organisation: Example
as_of: "2026-10-01"
period: {from: "2026-07-01", to: "2026-10-01"}
log_sources: {agent-gateway: {every: day, share: 20}}
"""
AGENTS = [
    {
        "type": "agent",
        "actor_id": f"agt-{name}",
        "name": name,
        "state": "active",
        "owner_id": "ann@example.com",
        "risk_tier": "high",
        "principal_id": f"svc-{name}",
        "tools": [{"name": "mail.read", "effect": "read"}],
    }
    for name in ("reader", "writer")
]


def event(n: int, **more: Any) -> dict[str, Any]:
    return {
        "event_id": f"ev-{n}",
        "time": f"2026-0{7 + n % 3}-{1 + n % 28:02}T10:00:00Z",
        "log_source": "agent-gateway",
        "actor_id": ("agt-reader", "agt-writer", "agt-stranger")[n % 3],
        "principal_id": ("svc-reader", "svc-writer", "svc-stranger")[n % 3],
        "event_class": "tool",
        "action": "mail.read" if n % 2 else "mail.forward",
        "tool": "mail.read" if n % 2 else "mail.forward",
        "effect": "read" if n % 2 else "publish",
        "session_id": f"s-{n // 3}",
        "outcome": "denied" if n % 7 == 0 else "success",
        **more,
    }


def company_in(place: Path) -> Path:
    """Make a workspace with two agents and a log of sixty events."""
    folder = place / "company"
    (folder / "inventory").mkdir(parents=True)
    (folder / "logs").mkdir()
    (folder / "reporter.yml").write_text(SETTINGS, encoding="utf-8")
    (folder / "inventory/agents.json").write_text(json.dumps(AGENTS), encoding="utf-8")
    lines = (json.dumps(event(n)) for n in range(60))
    (folder / "logs/gateway.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def write_table(workspace: Path, path: Path, columns: str = "", where: str = "TRUE") -> None:
    """Write the events that the files of a workspace hold as a table of Parquet."""
    names = ", ".join(n for n, _ in columns_of(TABLES["events"]))
    columns = columns or f"{names}, source, file, record, CAST(place AS BIGINT) AS place"
    with (
        Inputs.of(workspace) as inputs,
        ingested(inputs.files, loader.load().sources) as (engine, _),
    ):
        engine.write_parquet(f"SELECT {columns} FROM in_events WHERE {where}", path)
