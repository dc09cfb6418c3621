"""The risk tier of each agent, from what it is given and what it did. In: actors, grants, activity
... Out: table risk.

Autonomy, blast radius and data, each 0, 1 or 2, give the tier by a table; what is not known stays
an interval. The ten factors of OWASP AIVSS beside it, in halves, amplify a weakness and score none.
"""

from __future__ import annotations

from reporter.engine.base import Engine

HIGH_IMPACT = "('delete', 'transfer', 'execute', 'publish', 'grant', 'admin')"


def rate_agents(engine: Engine) -> None:
    """Make risk: an agent a row, each attribute with its least and most possible value, and the
    tier they give.
    """
    _gather(engine)
    engine.run(
        "CREATE TABLE risk AS SELECT *, CASE WHEN declared > computed_lo THEN declared ELSE"
        " computed_lo END AS tier_lo, CASE WHEN declared > computed_hi THEN declared ELSE"
        f" computed_hi END AS tier_hi FROM (SELECT *, {_tier('lo')} AS computed_lo, {_tier('hi')}"
        " AS computed_hi, CASE risk_tier WHEN 'low' THEN 1 WHEN 'medium' THEN 2 WHEN 'high' THEN 3"
        " WHEN 'critical' THEN 4 ELSE 0 END AS declared FROM attributes) AS x"
    )


def _tier(end: str) -> str:
    """SQL: sum 0-1 tier 1, 2-3 tier 2, 4-5 tier 3, 6 tier 4; full autonomy with a full blast radius
    is at least tier 3.
    """
    total = f"autonomy_{end} + blast_{end} + data_{end}"
    return (
        f"CASE WHEN NOT registered THEN 4 WHEN {total} = 6 THEN 4 WHEN {total} >= 4 OR"
        f" (autonomy_{end} = 2 AND blast_{end} = 2) THEN 3 WHEN {total} >= 2 THEN 2 ELSE 1 END"
    )


def _gather(engine: Engine) -> None:
    engine.run(
        "CREATE TEMP TABLE given AS SELECT actor_id, max(CASE WHEN type <> 'tool' THEN 0 WHEN"
        f" effect IN {HIGH_IMPACT} THEN 2 WHEN effect = 'read' THEN 0 WHEN effect IS NULL THEN 0"
        f" ELSE 1 END) AS tool_lo, max(CASE WHEN type <> 'tool' THEN 0 WHEN effect IN {HIGH_IMPACT}"
        " OR effect IS NULL THEN 2 WHEN effect = 'read' THEN 0 ELSE 1 END) AS tool_hi, count(CASE"
        " WHEN type = 'tool' THEN 1 END) AS n_tools, count(CASE WHEN type = 'data' THEN 1 END) AS"
        " n_data, max(CASE classification WHEN 'restricted' THEN 2 WHEN 'confidential' THEN 1 ELSE"
        " 0 END) AS data_lo, max(CASE WHEN classification = 'restricted' OR (classification IS"
        " NULL AND type = 'data') THEN 2 WHEN classification = 'confidential' THEN 1 ELSE 0 END)"
        " AS data_hi, bool_or(privileged) AS privileged FROM grants GROUP BY actor_id"
    )
    engine.run(
        "CREATE TEMP TABLE done AS SELECT agent_id AS actor_id, max(CASE WHEN effect IN"
        f" {HIGH_IMPACT} THEN 2 WHEN effect = 'read' OR effect IS NULL THEN 0 ELSE 1 END) AS"
        " effect, max(CASE classification WHEN 'restricted' THEN 2 WHEN 'confidential' THEN 1 ELSE"
        f" 0 END) AS data, bool_or(effect IN {HIGH_IMPACT} AND n_approval < n_events AND source IN"
        " (SELECT source FROM carried WHERE tbl = 'events' AND col = 'approval_id')) AS unasked"
        " FROM activity WHERE outcome = 'success' AND in_window GROUP BY agent_id"
    )
    engine.run(
        "CREATE TEMP TABLE peers AS SELECT actor_id, count(*) AS n FROM (SELECT actor_id FROM links"
        " UNION ALL SELECT peer_id FROM links UNION ALL SELECT parent_id FROM actors WHERE"
        " parent_id IS NOT NULL) AS p GROUP BY actor_id"
    )
    engine.run(
        "CREATE TEMP TABLE attributes AS SELECT a.actor_id, a.registered, a.risk_tier,"
        " greatest(CASE WHEN a.autonomy >= 3 THEN 2 WHEN a.autonomy = 2 THEN 1 ELSE 0 END, CASE"
        " WHEN d.unasked THEN 2 ELSE 0 END) AS autonomy_lo, CASE WHEN a.autonomy IS NULL OR"
        " d.unasked THEN 2 WHEN a.autonomy >= 3 THEN 2 WHEN a.autonomy = 2 THEN 1 ELSE 0 END AS"
        " autonomy_hi, greatest(coalesce(g.tool_lo, 0), coalesce(d.effect, 0), CASE WHEN"
        " g.privileged OR p.n > 0 THEN 1 ELSE 0 END, CASE WHEN a.autonomy >= 4 THEN 2 ELSE 0 END)"
        " AS blast_lo, CASE WHEN coalesce(g.n_tools, 0) = 0 AND NOT coalesce(a.tools_listed, FALSE)"
        " THEN 2 ELSE greatest(coalesce(g.tool_hi, 0), coalesce(d.effect, 0), CASE WHEN"
        " g.privileged OR p.n > 0 THEN 1 ELSE 0 END, CASE WHEN a.autonomy >= 4 THEN 2 ELSE 0 END)"
        " END AS blast_hi, greatest(coalesce(g.data_lo, 0), coalesce(d.data, 0)) AS data_lo, CASE"
        " WHEN coalesce(g.n_data, 0) = 0 AND NOT coalesce(a.data_listed, FALSE) THEN 2 ELSE"
        " greatest(coalesce(g.data_hi, 0), coalesce(d.data, 0)) END AS data_hi, a.autonomy,"
        " coalesce(g.n_tools, 0) AS n_tools, coalesce(p.n, 0) AS n_peers FROM agents AS a LEFT JOIN"
        " given AS g USING (actor_id) LEFT JOIN done AS d USING (actor_id) LEFT JOIN peers AS p"
        " USING (actor_id)"
    )


FACTORS = (
    ("execution autonomy", "x.autonomy_lo", "x.autonomy_hi"),
    (
        "tool control surface",
        "CASE WHEN x.blast_lo > 0 THEN 2 WHEN x.n_tools > 0 THEN 1 ELSE 0 END",
        "CASE WHEN x.blast_hi > 0 THEN 2 WHEN x.n_tools > 0 THEN 1 ELSE 0 END",
    ),
    (
        "natural language interface",
        "CASE WHEN a.user_facing THEN 2 ELSE 1 END",
        "CASE WHEN a.user_facing = FALSE THEN 1 ELSE 2 END",
    ),
    ("contextual awareness", "x.data_lo", "x.data_hi"),
    ("non-determinism", "1", "CASE WHEN m.pinned THEN 1 ELSE 2 END"),
    ("opacity", "CASE WHEN l.seen THEN 0 ELSE 2 END", "CASE WHEN l.seen THEN 1 ELSE 2 END"),
    (
        "persistent state",
        (
            "CASE a.memory_scope WHEN 'none' THEN 0 WHEN 'session' THEN 1 WHEN 'agent' THEN 2 WHEN"
            " 'shared' THEN 2 ELSE 0 END"
        ),
        "CASE a.memory_scope WHEN 'none' THEN 0 WHEN 'session' THEN 1 ELSE 2 END",
    ),
    (
        "dynamic identity",
        "CASE WHEN s.delegated THEN 2 WHEN s.shared THEN 1 ELSE 0 END",
        "CASE WHEN s.delegated THEN 2 WHEN s.shared OR a.principal_id IS NULL THEN 2 ELSE 0 END",
    ),
    (
        "multi-agent interaction",
        "CASE WHEN x.n_peers > 1 THEN 2 WHEN x.n_peers = 1 THEN 1 ELSE 0 END",
        "CASE WHEN x.n_peers > 0 THEN 2 ELSE 1 END",
    ),
    (
        "self-modification",
        "CASE WHEN x.autonomy >= 4 THEN 2 WHEN x.autonomy = 3 THEN 1 ELSE 0 END",
        (
            "CASE WHEN x.autonomy IS NULL OR x.autonomy >= 4 THEN 2 WHEN x.autonomy = 3 THEN 1 ELSE"
            " 0 END"
        ),
    ),
)
"""The ten factors by AIVSS's names in short, each in halves (0, 1, 2): least and most that the
evidence allows.
"""


def sum_factors(engine: Engine) -> None:
    """Make factors: the sum of the ten factors of each agent, in halves, least and most."""
    lows, highs = (" + ".join(f"({f[i]})" for f in FACTORS) for i in (1, 2))
    engine.run(
        f"CREATE TABLE factors AS SELECT x.actor_id, {lows} AS factors_lo, {highs} AS factors_hi"
        " FROM attributes AS x JOIN agents AS a USING (actor_id) LEFT JOIN (SELECT actor_id,"
        " bool_and(coalesce(pinned, FALSE)) AS pinned FROM components WHERE type = 'model' GROUP"
        " BY actor_id) AS m USING (actor_id) LEFT JOIN (SELECT DISTINCT agent_id AS actor_id, TRUE"
        " AS seen FROM activity WHERE in_window) AS l USING (actor_id) LEFT JOIN (SELECT"
        " k.agent_id AS actor_id, bool_or(n > 1) AS shared, bool_or(acted) AS delegated FROM"
        " (SELECT agent_id, principal_id, count(DISTINCT agent_id) OVER (PARTITION BY"
        " principal_id) AS n FROM (SELECT DISTINCT agent_id, principal_id FROM event_actors WHERE"
        " principal_id IS NOT NULL) AS e) AS k LEFT JOIN (SELECT DISTINCT agent_id, TRUE AS acted"
        " FROM delegations) AS d USING (agent_id) GROUP BY k.agent_id) AS s USING (actor_id)"
    )
