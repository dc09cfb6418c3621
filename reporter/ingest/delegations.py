"""Who stands behind what was done for somebody. In: events, actors. Out: table delegations.

A session is followed to the session that started it, and on, until nobody is named any more.
"""

from __future__ import annotations

from reporter.db import Engine

MOST_HOPS = 32
"""A longer chain is called a cycle."""


def follow_delegations(engine: Engine) -> None:
    """Make delegations: sessions with a parent, a delegator or a trigger, and the root of each."""
    engine.run(
        "CREATE TEMP TABLE delegated AS SELECT e.session_id, e.agent_id, min(e.parent_session_id) AS parent, "
        "min(e.on_behalf_of) AS delegator, min(e.trigger) AS trigger, count(*) AS n_events, bool_or(e.in_window) AS in_window, "
        "min(e.occurred_at) AS first_at, arg_min(e.ref, (e.occurred_at, e.ref)) AS first_ref FROM events AS e "
        "WHERE e.session_id IS NOT NULL AND (e.parent_session_id IS NOT NULL OR e.on_behalf_of IS NOT NULL OR e.trigger IS NOT NULL) "
        "GROUP BY e.session_id, e.agent_id"
    )
    engine.run(
        "CREATE TEMP TABLE parents AS SELECT session_id, min(agent_id) AS agent_id FROM events "
        "WHERE session_id IN (SELECT parent FROM delegated) GROUP BY session_id"
    )
    _walk(engine)
    engine.run(
        "CREATE TABLE delegations AS SELECT d.session_id, d.agent_id, w.depth + CASE WHEN w.root_id <> w.root THEN 1 ELSE 0 END AS depth, "
        "w.root_id, CASE WHEN w.by_schedule THEN 'schedule' ELSE a.kind END AS root_kind, "
        "CASE WHEN w.by_schedule THEN o.kind = 'human' AND o.state = 'active' ELSE a.state = 'active' END AS root_active, "
        f"CASE WHEN w.depth > {MOST_HOPS} THEN 'the chain of sessions goes round in a circle' "
        "WHEN w.up IS NOT NULL THEN 'no event of the parent session ' || w.up || ' was supplied' "
        "WHEN a.actor_id IS NULL OR NOT a.registered THEN coalesce(w.root_id, 'nobody') || ' stands in no register' END AS broken, "
        "d.n_events, d.in_window, d.first_at, d.first_ref FROM delegated AS d JOIN ("
        "SELECT *, root_id = root AND trigger = 'schedule' AS by_schedule FROM (SELECT w.*, "
        "coalesce(x.actor_id, w.delegator, w.root) AS root_id FROM walked AS w LEFT JOIN same_as AS x ON x.alias = w.delegator) AS r"
        ") AS w USING (session_id, agent_id) "
        "LEFT JOIN actors AS a ON a.actor_id = w.root_id LEFT JOIN actors AS o ON o.actor_id = a.owner_id"
    )


def _walk(engine: Engine) -> None:
    """For each delegated session: how far up the chain goes, where it ends (`up`: the parent nobody knows), and who is there."""
    engine.run(
        "CREATE TEMP TABLE walked AS WITH RECURSIVE walk AS ("
        "SELECT session_id, agent_id, parent AS up, delegator, trigger, agent_id AS root, 0 AS depth FROM delegated "
        "UNION ALL SELECT w.session_id, w.agent_id, d.parent, d.delegator, d.trigger, "
        "coalesce(d.agent_id, p.agent_id), w.depth + 1 FROM walk AS w LEFT JOIN delegated AS d ON d.session_id = w.up "
        "LEFT JOIN parents AS p ON p.session_id = w.up "
        f"WHERE w.up IS NOT NULL AND w.depth <= {MOST_HOPS} AND (d.session_id IS NOT NULL OR p.session_id IS NOT NULL)) "
        "SELECT session_id, agent_id, last.up AS up, last.delegator AS delegator, last.trigger AS trigger, last.root AS root, depth FROM ("
        "SELECT session_id, agent_id, arg_max({up: up, delegator: delegator, trigger: trigger, root: root}, (depth, root)) AS last, "
        "max(depth) AS depth FROM walk GROUP BY session_id, agent_id) AS ends"
    )
