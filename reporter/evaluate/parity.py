"""Actor types side by side: the governance practices that each has. In: an engine, check GOV-01.
Out: a SideBySide.

The SQL and thresholds of GOV-01 decide who has a practice, and of whom the input does not say it.
This module adds which agents are scripts.
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
    policies = "EXISTS (SELECT 1 FROM carried WHERE tbl = 'policies' AND col = 'effective_at')"
    return (
        f"WITH practised AS MATERIALIZED ({part(query, 'practised')}), typed AS MATERIALIZED"
        f" ({_TYPED}) SELECT p.control AS practice, t.actor_type, a.actor_id, CASE WHEN p.met = 1"
        " THEN TRUE WHEN p.may_meet = 1 OR (p.control = 'policy' AND p.defined = 1 AND NOT"
        f" {policies}) THEN NULL ELSE FALSE END AS ok, coalesce(a.ref, t.seen_ref) AS ref FROM"
        " practised AS p JOIN actors AS a USING (actor_id) JOIN typed AS t USING (actor_id)"
    )


_LISTED = (
    "EXISTS (SELECT 1 FROM described AS d JOIN carried AS c ON c.source = d.source AND c.tbl ="
    " 'components' AND c.col = 'type' WHERE d.actor_id = a.actor_id AND (d.tbl = 'components' OR"
    " (d.tbl = 'actors' AND NOT EXISTS (SELECT 1 FROM described AS o WHERE o.tbl = 'components'"
    " AND o.actor_id = a.actor_id))))"
)
"""SQL: a source that describes the actor lists components; its own lists of them come first."""
_TYPED = (
    "SELECT x.actor_id, e.seen_ref, CASE WHEN x.kind = 'human' THEN 'human' WHEN x.kind <> 'agent'"
    " AND decides AND NOT coalesce(x.is_intermediary, FALSE) THEN 'automation_with_model' WHEN"
    " x.kind <> 'agent' THEN x.kind WHEN decides OR x.autonomy >= 2 THEN 'agent' WHEN listed THEN"
    " 'scripted_agent' ELSE 'agent_untold' END AS actor_type FROM (SELECT a.*, a.actor_id IN"
    " (SELECT actor_id FROM components WHERE type = 'model') OR a.actor_id IN (SELECT agent_id"
    " FROM activity WHERE event_class = 'model' AND agent_id IS NOT NULL) AS decides,"
    f" {_LISTED} AS listed FROM actors AS a) AS x LEFT JOIN (SELECT"
    " agent_id AS actor_id, min(first_ref) AS seen_ref FROM activity WHERE NOT registered GROUP BY"
    " agent_id) AS e USING (actor_id)"
)
"""Who loads or calls a model decides at run time, as does an agent that acts without being asked
each time (autonomy of 2). A gateway passes on what others decide. An agent is a script only where
its components are listed and no model is among them."""
