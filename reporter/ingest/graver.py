"""Uses whose effect in the log is graver than the grant's. In: activity, data_use, grants. Out: table graver_uses.

A tool that was granted to read and deletes works outside its grant as much as one that was never granted.
"""

from __future__ import annotations

from reporter.db import Engine

STEPS = {
    "read": 1, "write": 2, "publish": 2, "transfer": 3, "delete": 3, "grant": 4, "admin": 4, "execute": 4,
}  # fmt: skip
"""Effect -> how grave it is, by the order of `tables.EFFECTS`; what logs name alike for one act is one step.

Who may execute may do anything by it: as a granted effect that is the last step. In a log it tells how a tool was called,
not what it did: beside a grant to read that is open, beside any other it says nothing.
"""
_CASES = tuple(f"WHEN '{effect}' THEN {step}" for effect, step in STEPS.items())
_CALLS = (
    "SELECT agent_id, 'tool' AS kind, tool AS name, effect, purpose, in_window, sum(n_events)::BIGINT AS n_events, min(first_at) AS first_at, "
    "max(last_at) AS last_at, arg_max(last_ref, (last_at, last_ref)) AS last_ref FROM activity "
    "WHERE registered AND outcome = 'success' AND tool IS NOT NULL AND effect <> 'read' GROUP BY ALL "
    "UNION ALL SELECT agent_id, 'data', data_source, effect, purpose, in_window, sum(n_events)::BIGINT, min(first_at), max(last_at), "
    "arg_max(last_ref, (last_at, last_ref)) FROM data_use WHERE registered AND outcome = 'success' AND event_class = 'data' "
    "AND data_source IS NOT NULL AND effect <> 'read' GROUP BY ALL"
)
_COVERS = (
    "(u.name LIKE g.like_pattern ESCAPE '!' OR (u.kind = 'data' AND EXISTS (SELECT 1 FROM grants AS o WHERE o.actor_id = g.actor_id "
    "AND o.type = 'data' AND o.name = u.name AND g.name LIKE o.like_pattern ESCAPE '!'))) "
    "AND (g.expires_at IS NULL OR g.expires_at >= u.last_at) AND (g.purpose IS NULL OR u.purpose IS NULL OR g.purpose = u.purpose)"
)
"""SQL: a grant that covers the use; of data also a narrower one, which perhaps covers what was touched."""


def find_graver_uses(engine: Engine) -> None:
    """Make graver_uses: where log and all covering grants tell an effect, and the log's is graver than the gravest granted.

    To be called before effects of grants fill those that the log does not tell.
    """
    engine.run(
        "CREATE TABLE graver_uses AS SELECT agent_id, kind, name, granted, effect, effect <> 'execute' AS certain, in_window, "
        "n_events, first_at, last_at, last_ref FROM ("
        "SELECT u.agent_id, u.kind, u.name, u.effect, u.purpose, u.in_window, u.n_events, u.first_at, u.last_at, u.last_ref, "
        f"count(*) = count(g.effect) AS told, arg_max(g.effect, ({_step('g.effect')}, g.effect)) AS granted FROM ({_CALLS}) AS u "
        f"JOIN grants AS g ON g.actor_id = u.agent_id AND g.type = u.kind AND {_COVERS} GROUP BY ALL) AS c "
        f"WHERE told AND CASE WHEN effect = 'execute' THEN granted = 'read' ELSE {_step('effect')} > {_step('granted')} END"
    )


def _step(column: str) -> str:
    return f"CASE {column} {' '.join(_CASES)} END"
