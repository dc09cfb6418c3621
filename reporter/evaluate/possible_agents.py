"""Actors that may be agents though no list says so: they show signs of one, or act unlisted. In:
derived tables, tiers. Out: disguised, more tiers.
"""

from __future__ import annotations

from reporter.engine.base import Engine, quoted

UNCLASSED = "unclassed"
"""The reason code of strangers who may be agents."""
DISGUISED = (
    "CASE WHEN s.signs IS NOT NULL THEN {'code': 'disguised', 'held': CAST(json_object('kind',"
    " s.listed_as, 'signs', string_split(s.signs, ', ')) AS VARCHAR)} END"
)
"""SQL over a subject: why one that is listed as something else may be an agent."""
_AS_AGENTS_DO = (
    "tool IS NOT NULL OR event_class IS NULL OR event_class IN ('tool', 'model') OR actor_kind IS"
    " NULL"
)
"""SQL over activity of one in no list: nothing shows that it is not an agent."""
SIGNS = {
    "an autonomy": "a.autonomy IS NOT NULL",
    "a prompt": "a.prompt_version IS NOT NULL",
    "a memory": "coalesce(a.memory_scope, 'none') <> 'none'",
    "a limit of steps": "a.max_steps IS NOT NULL",
    "agents of its own": "a.max_children > 0 OR a.max_delegation_depth > 0",
    "a model that it loads": "a.actor_id IN (SELECT actor_id FROM components WHERE type = 'model')",
    "events in which the log calls it an agent": (
        "a.actor_id IN (SELECT agent_id FROM activity WHERE actor_kind = 'agent' AND outcome <>"
        " 'denied' AND in_window AND stranger IS NULL AND (resolved_by = 'id' OR NOT"
        " (principal_is_intermediary OR credential_is_intermediary)))"
    ),
    "calls of models": (
        "a.kind <> 'human' AND NOT coalesce(a.is_intermediary, FALSE) AND a.actor_id IN (SELECT"
        " agent_id FROM activity WHERE event_class = 'model' AND outcome <> 'denied' AND in_window)"
    ),
}
"""Signs that an actor listed as something else may be an agent -> SQL over it. Tools are no sign:
accounts call them too.

People may call models, and a gateway forwards the calls of others. A borrowed identity is no sign
of its holder.
"""


def find_disguised(engine: Engine) -> None:
    """Mark actors listed as something else that show signs of an agent: `may_be_agent`, with any
    tier from the declared one up.

    Another type in the list must not remove anybody from the checks on agents.
    """
    signs = ", ".join(f"CASE WHEN {test} THEN {quoted(sign)} END" for sign, test in SIGNS.items())
    engine.run(
        "CREATE TABLE disguised AS SELECT * FROM (SELECT a.actor_id, a.kind, concat_ws(', ',"
        f" {signs}) AS signs FROM actors AS a WHERE a.kind <> 'agent' AND (coalesce(a.state,"
        " 'active') = 'active' OR a.actor_id IN (SELECT agent_id FROM activity WHERE in_window)))"
        " AS s WHERE signs <> ''"
    )
    engine.run(
        "UPDATE tiers SET may_be_agent = TRUE, tier_hi = 4 WHERE actor_id IN (SELECT actor_id FROM"
        " disguised)"
    )


def find_strangers(engine: Engine) -> None:
    """Add tiers for actors that act and stand in no list: tier 4, as for an unregistered agent.

    An actor that calls tools or models is `may_be_agent`. So is one whose kind, or whose kind of
    action, the log does not state. Omitting a fact from the log, or claiming a kind, must bring no
    advantage.
    """
    engine.run(
        "INSERT INTO tiers BY NAME SELECT agent_id AS actor_id, '' AS owner, FALSE AS registered,"
        " 4 AS tier_lo, 4 AS tier_hi, coalesce(bool_or(in_window AND outcome <> 'denied' AND"
        f" ({_AS_AGENTS_DO})), FALSE) AS may_be_agent FROM activity WHERE agent_id IS NOT NULL AND"
        " NOT registered AND agent_id NOT IN (SELECT actor_id FROM tiers) GROUP BY agent_id"
    )
    # Actions under another's identity are assessed as that identity's; being in no list is the
    # stranger's own result.
    engine.run(
        "INSERT INTO tiers BY NAME SELECT stranger AS actor_id, '' AS owner, FALSE AS registered, 4"
        " AS tier_lo, 4 AS tier_hi, FALSE AS may_be_agent FROM activity WHERE stranger IS NOT NULL"
        " AND stranger NOT IN (SELECT actor_id FROM tiers) GROUP BY stranger"
    )
