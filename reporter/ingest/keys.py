"""Who used which credential. In: activity, credentials, agents. Out: key_uses, a user of a credential a row, and key_holders.

Every actor counts, not only agents: a person or an account that holds an agent's key acts as the agent.
"""

from __future__ import annotations

from reporter.db import Engine

_NAMED = "resolved_by = 'id' OR (resolved_by = 'principal' AND actor_id IS NULL)"
"""SQL: the log names the user by an id or principal of its own, and some list knows it."""
_HELD = (
    "SELECT c.credential_id, string_agg(DISTINCT a.actor_id, ', ' ORDER BY a.actor_id) AS held_by, "
    "bool_or(replace(replace(lower(c.type), '-', '_'), ' ', '_') = 'oauth_client') AS is_client "
    "FROM credentials AS c LEFT JOIN agents AS a USING (actor_id) GROUP BY c.credential_id"
)


def list_key_holders(engine: Engine) -> None:
    """Make key_holders: what is done with a key that several agents hold concerns each of them."""
    engine.run(
        "CREATE VIEW key_holders AS SELECT DISTINCT c.credential_id, a.actor_id AS agent_id FROM credentials AS c "
        "JOIN agents AS a USING (actor_id) WHERE c.credential_id IS NOT NULL"
    )


def find_key_uses(engine: Engine) -> None:
    """Make key_uses: denied calls and those through a gateway are left out, as are credentials that concern no agent.

    A user that no list knows goes by the log's name, a person by the name of the identity if there is no other.
    """
    engine.run(
        "CREATE TABLE key_uses AS WITH used AS (SELECT credential_id, "
        f"CASE WHEN {_NAMED} THEN agent_id WHEN actor_id IS NULL AND actor_kind = 'human' THEN principal_id ELSE actor_id END AS user_id, "
        f"max(CASE WHEN {_NAMED} THEN agent_kind ELSE actor_kind END) AS user_kind, bool_or({_NAMED}) AS listed, "
        "max(CASE WHEN actor_id IS NULL AND resolved_by = 'credential' THEN principal_id END) AS stranger, in_window, "
        "bool_or(agent_kind = 'agent') AS of_agent, sum(n_events)::BIGINT AS n_events, min(first_at) AS first_at, "
        "arg_min(first_ref, (first_at, first_ref)) AS first_ref FROM activity WHERE outcome <> 'denied' "
        "AND credential_id IS NOT NULL AND NOT credential_is_intermediary GROUP BY ALL) "
        "SELECT u.* EXCLUDE (of_agent, stranger), CASE WHEN u.user_id IS NULL THEN u.stranger END AS stranger, h.held_by, "
        "coalesce(h.is_client AND u.user_kind <> 'agent', FALSE) AS by_client, EXISTS (SELECT 1 FROM credentials AS c "
        "WHERE c.credential_id = u.credential_id AND c.actor_id = u.user_id) AS is_holder FROM used AS u "
        f"LEFT JOIN ({_HELD}) AS h USING (credential_id) WHERE h.held_by IS NOT NULL OR (u.credential_id, u.in_window) IN ("
        "SELECT (credential_id, in_window) FROM used WHERE of_agent)"
    )
