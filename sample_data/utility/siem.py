"""What the SIEM exports: detections in the Open Cybersecurity Schema Framework (OCSF), with the event that each is about."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from utility.cast import BY_KEY, Agent, Quarter, guid, hexid

Json = dict[str, Any]


def files(quarter: Quarter) -> dict[str, Any]:
    """Give each file by its place."""
    return {"logs/siem/findings.jsonl": list(_findings())} if quarter.is_second else {}


def _millis(moment: datetime) -> int:
    return int((moment - datetime(1970, 1, 1)).total_seconds() * 1000)


def _finding(
    name: str, who: Json, moment: datetime, severity: int, events: list[str], blocked: bool
) -> Json:
    return {
        "metadata": {"uid": hexid("finding " + name, 16), "version": "1.5.0", "product": {"name": "Security analytics", "vendor_name": "Invented"}},
        "time": _millis(moment),
        "class_uid": 2004,
        "category_uid": 2,
        "activity_id": 1,
        "type_uid": 200401,
        "severity_id": severity,
        "status_id": 1,
        "finding_info": {"uid": guid("finding " + name), "title": "Invented", "created_time": _millis(moment),
                         "related_events": [{"uid": e} for e in events]},
        **({"disposition_id": 2, "disposition": "Blocked"} if blocked else {}),
        **who,
    }  # fmt: skip


def _agent(agent: Agent) -> Json:
    return {"ai_agent": {"uid": agent.gateway_id, "name": agent.key}}


def _findings() -> Iterator[Json]:
    leak, billing, keeper = (
        BY_KEY["leak-detector"],
        BY_KEY["billing-dispute"],
        BY_KEY["snapshot-keeper"],
    )
    refused = guid("call leak-detector 2026-09-04T02:10:00Z bill_get")
    yield _finding(
        "refused call", _agent(leak), datetime(2026, 9, 4, 2, 10, 40), 4, [refused], blocked=True
    )
    yield _finding("trail off", {"evidences": [{"actor": {"user": {"uid": keeper.role, "name": keeper.key}}}]},
                   datetime(2026, 8, 12, 3, 19), 5, [], blocked=False)  # fmt: skip
    odd = guid("call billing-dispute 2026-09-21T10:00:00Z readings_get")
    yield _finding(
        "odd tool", _agent(billing), datetime(2026, 9, 22, 9, 0), 4, [odd], blocked=False
    )
