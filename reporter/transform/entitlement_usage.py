"""What each agent may do beside what it did. In: grants, uses, breaches, approvals, reviews. Out:
tables observed and unused_grants.
"""

from __future__ import annotations

from reporter.engine.base import Engine


def compare(engine: Engine) -> None:
    """Make observed (an agent a row) and unused_grants (a right a row), for the report and its
    files.
    """
    engine.run(
        "CREATE TABLE unused_grants AS SELECT DISTINCT g.actor_id, g.type, g.name, g.purpose,"
        " g.effect, coalesce(g.privileged, FALSE) AS privileged, g.approved_at, g.ref FROM grants"
        " AS g JOIN agents AS a USING (actor_id) WHERE g.type IN ('tool', 'data', 'destination')"
        " AND coalesce(a.state, 'active') = 'active' AND NOT EXISTS (SELECT 1 FROM first_uses AS u"
        " WHERE u.agent_id = g.actor_id AND u.kind = g.type AND (u.name = g.name OR u.name LIKE"
        " g.like_pattern ESCAPE '!'))"
    )
    engine.run(
        "CREATE TEMP TABLE outside AS SELECT agent_id, count(*) AS n_outside FROM breaches "
        "WHERE kind IN ('tool outside its grants', 'action outside its grants') GROUP BY agent_id"
    )
    engine.run(
        "CREATE TEMP TABLE reviewed AS SELECT actor_id, max(coalesce(least(snapshot_at,"
        " completed_at), completed_at)) AS seen_until FROM reviews CROSS JOIN run AS r WHERE"
        " completed_at <= r.as_of GROUP BY actor_id"
    )
    engine.run(
        "CREATE TEMP TABLE news AS SELECT u.agent_id, count(*) AS n_new, count(CASE WHEN"
        " u.approved_at IS NULL OR u.approved_at > u.first_at THEN 1 END) AS n_unapproved,"
        " max(date_diff('day', u.first_at, coalesce(v.next_at, r.as_of))) AS"
        " longest_unreviewed_days, count(CASE WHEN v.next_at IS NULL THEN 1 END) AS n_unreviewed"
        " FROM first_uses AS u CROSS JOIN run AS r LEFT JOIN (SELECT w.agent_id, w.first_at,"
        " min(x.completed_at) AS next_at FROM (SELECT DISTINCT agent_id, first_at FROM first_uses)"
        " AS w JOIN reviews AS x ON x.actor_id = w.agent_id AND x.completed_at >= w.first_at CROSS"
        " JOIN run AS r WHERE x.completed_at <= r.as_of GROUP BY ALL) AS v ON v.agent_id ="
        " u.agent_id AND v.first_at = u.first_at WHERE u.first_at >= r.period_from AND u.first_at <"
        " r.period_to GROUP BY u.agent_id"
    )
    _sum_up(engine)


def _sum_up(engine: Engine) -> None:
    engine.run(
        "CREATE TABLE observed AS SELECT a.actor_id, coalesce(g.n, 0) AS n_granted, coalesce(n.n,"
        " 0) AS n_unused, coalesce(o.n_outside, 0) AS n_outside, coalesce(w.n_new, 0) AS n_new,"
        " coalesce(w.n_unapproved, 0) AS n_unapproved, coalesce(w.n_unreviewed, 0) AS n_unreviewed,"
        " w.longest_unreviewed_days, coalesce(d.n_events, 0) AS n_events, coalesce(d.n_denied, 0)"
        " AS n_denied, coalesce(d.n_unseen, 0) AS n_unseen FROM agents AS a LEFT JOIN (SELECT"
        " actor_id, count(DISTINCT type || name) AS n FROM grants WHERE type IN ('tool', 'data',"
        " 'destination') GROUP BY 1) AS g ON g.actor_id = a.actor_id LEFT JOIN (SELECT actor_id,"
        " count(DISTINCT type || name) AS n FROM unused_grants GROUP BY 1) AS n ON n.actor_id ="
        " a.actor_id LEFT JOIN outside AS o ON o.agent_id = a.actor_id LEFT JOIN news AS w ON"
        " w.agent_id = a.actor_id LEFT JOIN (SELECT y.agent_id, sum(y.n_events)::BIGINT AS"
        " n_events, sum(y.n_denied)::BIGINT AS n_denied, sum(CASE WHEN v.seen_until IS NULL OR"
        " y.day >= v.seen_until THEN y.n_events ELSE 0 END)::BIGINT AS n_unseen FROM daily AS y"
        " CROSS JOIN run AS r LEFT JOIN reviewed AS v ON v.actor_id = y.agent_id WHERE y.day >="
        " r.period_from AND y.day < r.period_to GROUP BY y.agent_id) AS d ON d.agent_id ="
        " a.actor_id WHERE coalesce(a.state, 'active') = 'active'"
    )
