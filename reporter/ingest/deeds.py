"""Events that call themselves heartbeats and tell of a deed. In: in_events. Out: in_events with their class empty, a note a file.

A heartbeat is left out of every check, so that its name must not be enough: what tells what was done is judged as done.
"""

from __future__ import annotations

from reporter.db import Engine
from reporter.model import Quarantined

_TOLD = (
    "tool",
    "effect",
    "resource",
    "destination",
    "session_id",
    "approval_id",
    "peer_id",
    "message_id",
)
"""Columns of events of which any, filled, tells of a deed; an effect that is called none is empty by now."""
_MASKED = f"event_class = 'heartbeat' AND coalesce({', '.join(_TOLD)}) IS NOT NULL"
CLASS = f"CASE WHEN {_MASKED} THEN NULL ELSE event_class END AS event_class"
"""SQL over an event row: its class, empty where it is called a heartbeat and tells of a deed."""


def unmask_deeds(engine: Engine) -> list[Quarantined]:
    """Empty the class of such events in the view in_events; where there is none, and so nearly always, nothing changes."""
    found = engine.rows(
        f"SELECT file, min(record), count(*) FROM in_events WHERE {_MASKED} GROUP BY file ORDER BY file"
    )
    if not found:
        return []
    engine.run("ALTER VIEW in_events RENAME TO called_events")
    engine.run(f"CREATE VIEW in_events AS SELECT * REPLACE ({CLASS}) FROM called_events")
    return [
        Quarantined(
            file, record, "field",
            f"{n} events of this file are called heartbeats and tell of a deed (a tool, an effect, a session or the like): "
            "they are judged as deeds of no class", "",
        )
        for file, record, n in found
    ]  # fmt: skip
