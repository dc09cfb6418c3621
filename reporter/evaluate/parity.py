"""Actor types side by side: the governance practices that each has. In: an engine, check GOV-01.
Out: a SideBySide.

The SQL and thresholds of GOV-01 decide who has a practice. This module adds what the input does not
say, and which agents are scripts.
"""

from __future__ import annotations

from collections.abc import Iterable

from reporter.engine.base import Engine
from reporter.model.assessment import Check
from reporter.model.comparison import Parity, SideBySide, Without
from reporter.schema.compiled import Compiled, part

CHECK = "GOV-01"
PRACTICES = ("owner", "review", "credentials", "monitoring", "policy")
TYPES = (
    "human",
    "service_account",
    "workload",
    "automation_with_model",
    "scripted_agent",
    "agent",
    "agent_untold",
)


def side_by_side(engine: Engine, compiled: Iterable[tuple[Check, Compiled]]) -> SideBySide:
    """Count for each actor type who has, lacks, or is not recorded to have each practice of
    GOV-01.
    """
    pair = next(((c, j) for c, j in compiled if c.id == CHECK), None)
    if not pair:
        return SideBySide()
    check, query = pair
    engine.run(f"CREATE OR REPLACE TEMP TABLE practised AS {_practice_sql(query)}")
    cells = [
        Parity(*row)
        for row in engine.rows(
            "SELECT practice, actor_type, count(*), count(CASE WHEN ok THEN 1 END), count(CASE WHEN"
            " NOT ok THEN 1 END), count(CASE WHEN ok IS NULL THEN 1 END), coalesce(arg_min(ref,"
            " actor_id) FILTER (WHERE NOT ok), arg_min(ref, actor_id) FILTER (WHERE ok IS NULL),"
            " '') FROM practised GROUP BY ALL"
        )
    ]
    without = engine.rows(
        "SELECT practice, actor_type, actor_id, CASE WHEN ok IS NULL THEN 'not recorded' ELSE"
        " 'lacks' END, coalesce(ref, '') FROM practised WHERE ok IS NOT TRUE ORDER BY ALL"
    )
    days = [int(str(check.params[p])) for p in ("review_days", "rotation_days", "min_pop")]
    order = sorted(cells, key=lambda c: (PRACTICES.index(c.practice), TYPES.index(c.actor_type)))
    return SideBySide(tuple(order), tuple(Without(*row) for row in without), *days)


def _practice_sql(query: Compiled) -> str:
    """SQL: practice, actor_type, actor_id, ok and ref; ok is NULL where no input says it."""
    members = part(query, "members")
    policies = "EXISTS (SELECT 1 FROM carried WHERE tbl = 'policies' AND col = 'effective_at')"
    conditions = {
        "owner": (
            "CASE WHEN m.owner_seen = 1 THEN TRUE WHEN m.owner_ok = 1 THEN NULL WHEN"
            f" {_is_recorded('actors', 'owner_id')} THEN FALSE END"
        ),
        "review": (
            "CASE WHEN m.review_ok = 1 THEN TRUE WHEN"
            f" {_is_recorded('reviews', 'completed_at')} THEN FALSE END"
        ),
        "credentials": (
            "CASE WHEN m.key_ok = 1 THEN TRUE WHEN a.kind = 'human' THEN CASE WHEN"
            f" {_is_recorded('actors', 'strong_auth')} THEN FALSE END WHEN a.actor_id"
            " IN (SELECT actor_id FROM credentials WHERE revoked_at IS NULL) THEN CASE WHEN"
            f" {_is_recorded('credentials', 'expires_at', 'last_rotated_at')} THEN FALSE END"
            " WHEN NOT a.strong_auth THEN FALSE END"
        ),
        "monitoring": (
            "CASE WHEN m.logged = 1 THEN TRUE WHEN"
            f" {_is_recorded('actor_log_sources', 'log_source')} THEN FALSE END"
        ),
        "policy": (
            "CASE WHEN m.policy_ok = 1 THEN TRUE WHEN NOT"
            f" {_is_recorded('actors', 'policy_id')} THEN NULL WHEN m.has_policy = 0 OR"
            f" {policies} THEN FALSE END"
        ),
    }
    parts = " UNION ALL ".join(
        f"SELECT '{name}' AS practice, t.actor_type, a.actor_id, {when} AS ok, coalesce(a.ref,"
        " t.seen_ref) AS ref FROM members AS m JOIN actors AS a USING (actor_id) JOIN typed AS t"
        " USING (actor_id)"
        for name, when in conditions.items()
    )
    return f"WITH members AS MATERIALIZED ({members}), typed AS MATERIALIZED ({_TYPED}) {parts}"


def _is_recorded(table: str, *columns: str) -> str:
    """SQL: a source that describes the actor carries one of the columns; its own records in a table
    take precedence.
    """
    names = ", ".join(f"'{c}'" for c in columns)
    own_records = (
        f"SELECT 1 FROM described AS o WHERE o.tbl = '{table}' AND o.actor_id = a.actor_id"
    )
    return (
        "EXISTS (SELECT 1 FROM described AS d JOIN carried AS c ON c.source = d.source AND c.tbl ="
        f" '{table}' AND c.col IN ({names}) WHERE d.actor_id = a.actor_id AND (d.tbl = '{table}' OR"
        f" (d.tbl = 'actors' AND NOT EXISTS ({own_records}))))"
    )


_TYPED = (
    "SELECT x.actor_id, e.seen_ref, CASE WHEN x.kind = 'human' THEN 'human' WHEN x.kind <> 'agent'"
    " AND decides AND NOT coalesce(x.is_intermediary, FALSE) THEN 'automation_with_model' WHEN"
    " x.kind <> 'agent' THEN x.kind WHEN decides OR x.autonomy >= 2 THEN 'agent' WHEN listed THEN"
    " 'scripted_agent' ELSE 'agent_untold' END AS actor_type FROM (SELECT a.*, a.actor_id IN"
    " (SELECT actor_id FROM components WHERE type = 'model') OR a.actor_id IN (SELECT agent_id"
    " FROM activity WHERE event_class = 'model' AND agent_id IS NOT NULL) AS decides,"
    f" {_is_recorded('components', 'type')} AS listed FROM actors AS a) AS x LEFT JOIN (SELECT"
    " agent_id AS actor_id, min(first_ref) AS seen_ref FROM activity WHERE NOT registered GROUP BY"
    " agent_id) AS e USING (actor_id)"
)
"""Who loads or calls a model decides at run time, as does an agent that acts without being asked
each time (autonomy of 2). A gateway passes on what others decide. An agent is a script only where
its components are listed and no model is among them."""
