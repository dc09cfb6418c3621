"""Acts that call for an incident. In: activity, data_use, graver_uses, grants, credentials. Out: table breaches.

Ghosts, shared and ended credentials, acts outside the grants: what INV-02, CRD-02, CRD-08 and ENT-05 find, by agent.
A check cannot find them all at once: a ghost stands in no register, so what needs grants could say nothing of it.
"""

from __future__ import annotations

from reporter.db import Engine

SKEW_MINUTES = 5
_SUM = "min(first_at) AS first_at, arg_min(first_ref, (first_at, first_ref)) AS ref FROM activity"
_SHARED = (
    "SELECT *, count(*) OVER c AS n, nth_value(first_at, 2) OVER c AS second_at FROM key_uses "
    "WHERE in_window AND user_id IS NOT NULL AND NOT by_client WINDOW c AS (PARTITION BY credential_id "
    "ORDER BY first_at, user_id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)"
)
"""A person or account with an agent's key is a breach of each agent that holds it, whose rights they have."""
_OUTSIDE = (
    "SELECT c.agent_id, c.tool, c.first_at, c.ref FROM (SELECT agent_id, tool, max(last_at) AS last_at, "
    f"{_SUM} WHERE registered AND agent_kind = 'agent' AND outcome = 'success' AND tool IS NOT NULL GROUP BY agent_id, tool "
    "HAVING bool_or(in_window)) AS c WHERE c.agent_id IN (SELECT actor_id FROM bounded WHERE type = 'tool') "
    "AND NOT EXISTS (SELECT 1 FROM grants AS g WHERE g.actor_id = c.agent_id AND g.type = 'tool' "
    "AND c.tool LIKE g.like_pattern ESCAPE '!' AND (g.expires_at IS NULL OR g.expires_at >= c.last_at)) "
    "UNION ALL SELECT agent_id, name, min(first_at), arg_max(last_ref, (last_at, last_ref)) FROM graver_uses "
    "WHERE kind = 'tool' AND certain GROUP BY agent_id, name HAVING bool_or(in_window)"
)


def find_breaches(engine: Engine) -> None:
    """Make breaches: for each agent what it did in the period that it should not have been able to, and since when."""
    parts = [
        f"SELECT agent_id, 'unregistered' AS kind, agent_id AS what, {_SUM} WHERE agent_kind = 'agent' AND NOT registered "
        "AND outcome = 'success' AND agent_id IS NOT NULL GROUP BY agent_id HAVING bool_or(in_window)",
        "SELECT CASE WHEN coalesce(u.user_kind, 'agent') = 'agent' THEN u.user_id ELSE h.agent_id END AS agent_id, 'shared credential', "
        "u.credential_id, min(coalesce(u.second_at, u.first_at)), arg_min(u.first_ref, (u.first_at, u.first_ref)) "
        f"FROM ({_SHARED}) AS u LEFT JOIN key_holders AS h ON h.credential_id = u.credential_id "
        "WHERE (u.n > 1 OR (u.held_by IS NOT NULL AND NOT u.is_holder AND u.listed)) "
        "AND CASE WHEN coalesce(u.user_kind, 'agent') = 'agent' THEN u.user_id ELSE h.agent_id END IS NOT NULL GROUP BY ALL",
        "SELECT x.agent_id, 'ended credential', x.credential_id, min(greatest(x.first_at, c.ended_at)), "
        "arg_max(x.last_ref, (x.last_at, x.last_ref)) FROM activity AS x JOIN (SELECT credential_id, min(ended_at) AS ended_at "
        "FROM credentials GROUP BY credential_id) AS c USING (credential_id) WHERE x.agent_kind = 'agent' AND x.outcome = 'success' "
        f"AND x.last_at > c.ended_at + INTERVAL {SKEW_MINUTES} MINUTE GROUP BY x.agent_id, x.credential_id HAVING bool_or(x.in_window)",
        f"SELECT agent_id, 'tool outside its grants', tool, min(first_at), arg_min(ref, (first_at, ref)) FROM ({_OUTSIDE}) AS o GROUP BY agent_id, tool",
        "SELECT agent_id, 'data outside its grants', 'data', min(first_at), arg_min(ref, (first_at, ref)) FROM ("
        "SELECT d.agent_id, d.in_window, d.first_at, d.first_ref AS ref "
        "FROM data_use AS d WHERE d.registered AND d.outcome = 'success' AND d.event_class = 'data' AND d.data_source IS NULL "
        "AND d.agent_id IN (SELECT b.actor_id FROM bounded AS b JOIN agents AS a USING (actor_id) WHERE b.type = 'data') "
        "UNION ALL SELECT agent_id, in_window, first_at, last_ref FROM graver_uses WHERE kind = 'data' AND certain"
        ") AS d GROUP BY agent_id HAVING bool_or(in_window)",
        "SELECT agent_id, 'action outside its grants', granted, min(first_at), arg_max(last_ref, (last_at, last_ref)) "
        "FROM right_uses WHERE NOT covered AND in_window GROUP BY agent_id, granted",
    ]
    engine.run(
        "CREATE TEMP TABLE bounded AS SELECT actor_id, type FROM grants UNION "
        "SELECT actor_id, CASE name WHEN 'tools_listed' THEN 'tool' ELSE 'data' END FROM settings "
        "WHERE name IN ('tools_listed', 'data_listed') AND value = 'true'"
    )
    engine.run(f"CREATE TABLE breaches AS {' UNION ALL '.join(parts)}")
