"""Who stands behind what was done for somebody. In: events, actors. Out: table delegations.

A session is followed to the session that started it, and on, until nobody is named any more. Who is
named nearest to the start stands behind it; a person who acts in the first session comes before the
agents there."""

from __future__ import annotations

from reporter.engine.base import Engine

MOST_HOPS = 32
"""A longer chain is not followed, and said to be too long."""


def follow_delegations(engine: Engine) -> None:
    """Make delegations: what was done in sessions with a parent, or for somebody, or by a trigger,
    and who is behind it.
    """
    _find_delegated(engine)
    _find_hops(engine)
    _walk(engine)
    _find_roots(engine)
    engine.run(
        "CREATE TABLE delegations AS SELECT r.session_id, r.agent_id, r.depth + CASE WHEN"
        " r.root_id <> r.top_id THEN 1 ELSE 0 END AS depth, r.root_id, CASE WHEN r.by_schedule"
        " THEN 'schedule' WHEN r.unnamed THEN 'human' WHEN a.registered THEN a.kind END AS"
        " root_kind, CASE WHEN r.by_schedule THEN CASE WHEN o.kind <> 'human' THEN FALSE ELSE"
        f" {_active('o')} END WHEN a.kind = 'human' THEN {_active('a')} ELSE a.state = 'active' END"
        f" AS root_active, {_BROKEN} AS broken, {_BROKEN_AT} AS broken_at,"
        " r.n_events, r.in_window, r.first_at, r.first_ref"
        " FROM roots AS r LEFT JOIN actors AS a ON a.actor_id = r.root_id LEFT JOIN actors AS o ON"
        f" o.actor_id = a.owner_id CROSS JOIN ({_PEOPLE}) AS people"
    )


_PEOPLE = (
    "SELECT coalesce(count(*) FILTER (WHERE kind = 'human') > 0 AND 2 * count(*) FILTER (WHERE kind"
    " = 'human') >= count(*), FALSE) AS prove_absence FROM (SELECT DISTINCT coalesce(x.actor_id,"
    " n.name) AS name, a.kind FROM (SELECT root_id AS name FROM roots WHERE delegator IS NOT NULL"
    " UNION SELECT owner_id FROM actors UNION SELECT approver_id FROM approvals) AS n LEFT JOIN"
    " known_as AS x ON x.alias = n.name LEFT JOIN actors AS a ON a.actor_id = coalesce(x.actor_id,"
    " n.name) AND a.registered WHERE n.name IS NOT NULL AND (a.kind IS NULL OR a.kind = 'human'))"
    " AS named"
)
"""SQL: whether the list of people can show that somebody is no person: it knows at least half of
those whom logs name as delegators, the register as owners and the records as approvers. A partial
export proves no absence. """
_NAMED = "(e.parent_session_id IS NOT NULL OR e.on_behalf_of IS NOT NULL OR e.trigger IS NOT NULL)"
_KNOWN = (
    "a.registered OR (r.delegator IS NOT NULL AND a.actor_id IS NULL AND NOT people.prove_absence)"
)
_BROKEN = (
    f"CASE WHEN r.circle THEN 'circle' WHEN r.depth >= {MOST_HOPS} AND r.up IS NOT NULL THEN"
    " 'too_long' WHEN r.up IS NOT NULL THEN 'no_parent' WHEN r.stranger IS NOT NULL THEN"
    " 'stranger' WHEN r.unnamed THEN NULL WHEN r.root_id IS NULL THEN 'no_actor' WHEN r.trigger ="
    f" 'agent' AND r.delegator IS NULL THEN 'unnamed_agent' WHEN {_KNOWN} THEN NULL ELSE"
    " 'stranger' END"
)
_BROKEN_AT = (
    f"CASE {_BROKEN} WHEN 'stranger' THEN coalesce(r.stranger, r.root_id) WHEN 'unnamed_agent'"
    " THEN NULL ELSE r.up END"
)
"""Where the list of people knows few of those who are named, or is none, an unknown name may be one
of them.
"""


def _active(who: str) -> str:
    """SQL: whether a person was there at the last of the events; the last day counts in full."""
    return (
        f"CASE WHEN CAST({who}.retired_at AS DATE) + INTERVAL 1 DAY <= r.last_at THEN FALSE WHEN"
        f" {who}.state = 'active' OR ({who}.state = 'retired' AND {who}.retired_at IS NOT NULL)"
        f" THEN TRUE WHEN {who}.state IS NOT NULL THEN {who}.state_since > r.last_at END"
    )


def _find_delegated(engine: Engine) -> None:
    """Denied calls are left out: what was not done needs nobody behind it. What a person started is
    followed no further.
    """
    engine.run(
        "CREATE TEMP TABLE delegated AS SELECT e.session_id, e.agent_id, CASE WHEN e.trigger IS"
        " DISTINCT FROM 'human' THEN e.parent_session_id END AS parent, e.on_behalf_of AS"
        " delegator, e.trigger, e.in_window, bool_and(e.registered) AS registered, count(*) AS"
        " n_events, min(e.occurred_at) AS first_at, max(e.occurred_at) AS last_at, arg_min(e.ref,"
        f" (e.occurred_at, e.ref)) AS first_ref FROM events AS e WHERE {_NAMED} AND e.agent_id IS"
        " NOT NULL AND e.outcome <> 'denied' AND e.event_class IS DISTINCT FROM 'heartbeat' GROUP"
        " BY e.session_id, e.agent_id, parent, e.on_behalf_of, e.trigger, e.in_window"
    )


def _find_hops(engine: Engine) -> None:
    """One row a session that started another, or that a person started; its undated events count,
    for they show that it was.
    """
    engine.run(
        "CREATE TEMP TABLE hops AS SELECT e.session_id, CASE WHEN bool_or(e.trigger = 'human') THEN"
        " NULL ELSE min(e.parent_session_id) END AS parent, min(e.on_behalf_of) AS delegator, CASE"
        " WHEN bool_or(e.trigger = 'human') THEN 'human' ELSE min(e.trigger) END AS trigger,"
        " count(DISTINCT CASE WHEN k.agent_kind = 'human' THEN k.agent_id END) AS n_people,"
        " arg_min(k.agent_id, (k.agent_kind IS DISTINCT FROM 'human', k.agent_id)) AS agent_id,"
        " coalesce(bool_or(k.agent_kind = 'human'), FALSE) AS is_human, min(CASE WHEN NOT"
        " k.registered THEN k.agent_id END) AS stranger FROM in_events AS e JOIN event_actors AS k"
        " USING (who) CROSS JOIN run AS r WHERE e.session_id IN (SELECT parent FROM delegated WHERE"
        " parent IS NOT NULL UNION SELECT session_id FROM delegated WHERE trigger = 'human') AND"
        " (e.occurred_at IS NULL OR e.occurred_at <= r.as_of) GROUP BY e.session_id"
    )


_ENDS = "{h}.is_human OR {h}.trigger IN ('schedule', 'event')"
"""SQL: a session that says itself who or what started it, so that what those below say does not
count.
"""


def _walk(engine: Engine) -> None:
    """For each session that started another: how far up the chain goes, where it ends, and who is
    there.

    `up` is the parent at which it breaks off. A session with several parents or delegators has the
    first in order."""
    ends = _ENDS.format(h="h")
    engine.run(
        "CREATE TEMP TABLE chains AS WITH RECURSIVE walk AS (SELECT session_id AS start, parent AS"
        " up, delegator, trigger, agent_id, is_human, n_people, stranger, 1 AS depth, [session_id]"
        " AS path FROM hops UNION ALL SELECT w.start, h.parent, coalesce(h.delegator, CASE WHEN"
        f" {ends} THEN NULL ELSE w.delegator END), h.trigger, h.agent_id, h.is_human, h.n_people,"
        " coalesce(w.stranger, h.stranger), w.depth + 1, list_append(w.path, h.session_id) FROM"
        f" walk AS w JOIN hops AS h ON h.session_id = w.up WHERE w.depth < {MOST_HOPS} AND NOT"
        " list_contains(w.path, w.up)) SELECT *, coalesce(list_contains(path, up), FALSE) AS"
        " circle FROM walk QUALIFY row_number() OVER (PARTITION BY start ORDER BY depth DESC) = 1"
    )


def _find_roots(engine: Engine) -> None:
    """Put a chain before each delegated row; a name is an alias, an actor, or the identity of one
    actor only.
    """
    ends = _ENDS.format(h="c")
    engine.run(
        "CREATE TEMP TABLE known_as AS SELECT alias, actor_id FROM same_as UNION ALL SELECT"
        " principal_id, min(actor_id) FROM actors WHERE principal_id NOT IN (SELECT alias FROM"
        " same_as) AND principal_id NOT IN (SELECT actor_id FROM actors) GROUP BY principal_id"
        " HAVING count(*) = 1"
    )
    engine.run(
        "CREATE TEMP TABLE ends AS SELECT d.session_id, d.agent_id, d.n_events, d.in_window,"
        " d.first_at, d.last_at, d.first_ref, CASE WHEN c.start IS NULL THEN d.parent ELSE c.up"
        " END AS up, coalesce(c.circle, FALSE) AS circle, CASE WHEN c.start IS NULL THEN d.trigger"
        f" ELSE c.trigger END AS trigger, coalesce(c.delegator, CASE WHEN {ends} THEN NULL ELSE"
        " d.delegator END) AS delegator, CASE WHEN c.start IS NULL THEN d.agent_id ELSE c.agent_id"
        " END AS top_id, CASE WHEN c.start IS NULL AND s.is_human THEN s.agent_id END AS"
        " starter_id, CASE WHEN c.start IS NULL THEN s.n_people ELSE c.n_people END AS n_people,"
        " coalesce(CASE WHEN NOT d.registered THEN d.agent_id END, c.stranger) AS stranger,"
        " coalesce(c.depth, CASE WHEN d.parent IS NOT NULL THEN 1 ELSE 0 END) AS depth FROM"
        " delegated AS d LEFT JOIN chains AS c ON c.start = d.parent LEFT JOIN hops AS s ON"
        " s.session_id = d.session_id AND d.trigger = 'human'"
    )
    engine.run(
        "CREATE TEMP TABLE roots AS SELECT f.*, f.trigger = 'schedule' AND k.kind IS DISTINCT FROM"
        " 'human' AND k.registered AS by_schedule FROM (SELECT e.*, CASE WHEN e.delegator IS NOT"
        " NULL THEN coalesce(x.actor_id, e.delegator) WHEN NOT e.unnamed THEN"
        " coalesce(e.starter_id, e.top_id) END AS root_id FROM (SELECT *, delegator IS NULL AND"
        " (n_people > 1 OR (trigger = 'human' AND coalesce(n_people, 0) = 0)) IS TRUE AS unnamed"
        " FROM ends) AS e LEFT JOIN known_as AS x ON x.alias = e.delegator) AS f LEFT JOIN actors"
        " AS k ON k.actor_id = f.root_id"
    )
