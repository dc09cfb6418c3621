"""How long what was used for the first time went on before a person decided on it. In: first_uses,
events. Out: undecided.

A decision is an approval, a refusal, a review that looked at it, or an alert on the actor that
somebody acted on."""

from __future__ import annotations

from reporter.engine.base import Engine


def find_undecided(engine: Engine) -> None:
    """Make undecided: the first uses of the period, the first decision on each, and its further
    uses until then.
    """
    _gather_decisions(engine)
    engine.run(
        "CREATE TEMP TABLE fresh AS SELECT row_number() OVER (ORDER BY u.agent_id, u.kind, u.name,"
        " u.purpose) AS number, u.* FROM first_uses AS u CROSS JOIN run AS r WHERE u.first_at >="
        " r.period_from AND u.first_at < r.period_to"
    )
    engine.run(
        "CREATE TEMP TABLE decided AS SELECT f.*, d.decided_at FROM fresh AS f LEFT JOIN (SELECT"
        " f.number, min(d.decided_at) AS decided_at FROM fresh AS f JOIN decisions AS d ON"
        " d.actor_id = f.agent_id AND (d.type IS NULL OR (d.type IN (f.kind, 'change') AND f.name"
        " LIKE d.like_pattern ESCAPE '!' AND (d.purpose IS NULL OR f.purpose IS NULL OR d.purpose ="
        " f.purpose))) AND (d.upto_at IS NULL OR d.upto_at >= f.first_at) GROUP BY f.number) AS d"
        " USING (number)"
    )
    _count_meanwhile(engine)
    engine.run(
        "CREATE TABLE undecided AS SELECT d.agent_id, d.kind, d.name, d.first_at, d.first_ref,"
        " d.decided_at, CASE WHEN d.decided_at IS NOT NULL THEN greatest(0, date_diff('day',"
        " d.first_at, d.decided_at)) END AS days, CASE WHEN d.decided_at <= d.first_at THEN 0 ELSE"
        " coalesce(m.n, d.n_events) - 1 END AS n_meanwhile FROM decided AS d LEFT JOIN meanwhile AS"
        " m USING (number)"
    )


def _gather_decisions(engine: Engine) -> None:
    """`upto_at`: the decision says nothing of what was first used later, such as after a refusal or
    an expiry.
    """
    engine.run(
        "CREATE TEMP TABLE decisions AS SELECT d.* FROM (SELECT actor_id, type, like_pattern,"
        " purpose, approved_at AS decided_at, expires_at AS upto_at FROM all_approvals WHERE type"
        " <> 'activation' UNION ALL SELECT actor_id, type, like_pattern, purpose,"
        " greatest(granted_at, recorded_at), granted_at FROM approvals WHERE decision = 'rejected'"
        " UNION ALL SELECT actor_id, NULL, NULL, NULL, completed_at, least(completed_at,"
        " snapshot_at) FROM reviews UNION ALL SELECT l.actor_id, NULL, NULL, NULL, l.acted_at,"
        " l.raised_at FROM alerts AS l LEFT JOIN actors AS p ON p.actor_id = l.acted_by WHERE"
        " p.kind IS NULL OR p.kind = 'human') AS d CROSS JOIN run AS r WHERE d.decided_at <="
        " r.as_of"
    )


def _count_meanwhile(engine: Engine) -> None:
    """Only where the decision fell between the first use and the last are events counted one by
    one.
    """
    pending = "(SELECT * FROM decided WHERE decided_at > first_at AND decided_at <= last_at)"
    engine.run(
        f"CREATE TEMP TABLE meanwhile AS SELECT p.number, count(*) AS n FROM {pending} AS p JOIN"
        " event_actors AS k ON k.agent_id = p.agent_id JOIN in_events AS e ON e.who = k.who WHERE"
        " e.outcome = 'success' AND e.event_class IS DISTINCT FROM 'heartbeat' AND e.occurred_at <"
        " p.decided_at AND (p.kind = 'data' OR e.purpose IS NOT DISTINCT FROM p.purpose) AND CASE"
        " p.kind WHEN 'tool' THEN e.tool = p.name WHEN 'destination' THEN"
        " list_contains(string_split(e.destination, '; '), p.name) ELSE EXISTS (SELECT 1 FROM"
        " grants AS g WHERE g.actor_id = p.agent_id AND g.type = 'data' AND g.name = p.name AND"
        " e.resource LIKE g.like_pattern ESCAPE '!') END GROUP BY p.number"
        if engine.one(f"SELECT count(*) FROM {pending} AS p")
        else "CREATE TEMP TABLE meanwhile (number BIGINT, n BIGINT)"
    )
