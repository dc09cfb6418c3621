-- One user of a credential that concerns an agent, inside the period or outside. Every actor counts, not only agents: a person or an
-- account that holds an agent's key acts as the agent. Denied calls and those through a gateway are left out.
-- A user that no list knows goes by the log's name, a person by the name of the identity if there is no other.
-- credential_id text: Credential.
-- user_id text: Who used it; of no list: the name that the log gives; empty: it gives none.
-- user_kind text: What the user is: as a list says, else as the log says.
-- listed flag: Some list knows the user.
-- stranger text: Where no user is named: an identity that no list knows.
-- held_by text: Agents that hold it, joined by commas; empty: none is known.
-- is_holder flag: The user holds it.
-- by_client flag: It is an OAuth client and the user no agent: its id does not tell whether its secret was used.
-- in_window flag: Inside the period under review.
-- n_events int: Events.
-- first_at time: First of them.
-- first_ref text: file#record of the first.
-- of events
WITH seen AS (
  SELECT *, resolved_by = 'id' OR (resolved_by = 'principal' AND actor_id IS NULL) AS known
  FROM activity
  WHERE outcome <> 'denied' AND credential_id IS NOT NULL AND NOT credential_is_intermediary
),

used AS MATERIALIZED (
  SELECT
    credential_id,
    CASE
      WHEN known THEN agent_id
      WHEN actor_id IS NULL AND actor_kind = 'human' THEN principal_id
      ELSE actor_id
    END AS user_id,
    max(CASE WHEN known THEN agent_kind ELSE actor_kind END) AS user_kind,
    bool_or(known) AS listed,
    max(CASE WHEN actor_id IS NULL AND resolved_by = 'credential' THEN principal_id END) AS stranger,
    in_window,
    bool_or(agent_kind = 'agent') AS of_agent,
    CAST(sum(n_events) AS BIGINT) AS n_events,
    min(first_at) AS first_at,
    arg_min(first_ref, (first_at, first_ref)) AS first_ref
  FROM seen
  GROUP BY ALL
),

held AS (
  SELECT
    c.credential_id,
    string_agg(DISTINCT a.actor_id, ', ' ORDER BY a.actor_id) AS held_by,
    bool_or(replace(replace(lower(c.type), '-', '_'), ' ', '_') = 'oauth_client') AS is_client
  FROM credentials AS c
  LEFT JOIN agents AS a USING (actor_id)
  GROUP BY c.credential_id
)

SELECT
  u.* EXCLUDE (of_agent, stranger),
  CASE WHEN u.user_id IS NULL THEN u.stranger END AS stranger,
  h.held_by,
  coalesce(h.is_client AND u.user_kind <> 'agent', FALSE) AS by_client,
  EXISTS (SELECT 1 FROM credentials AS c WHERE c.credential_id = u.credential_id AND c.actor_id = u.user_id) AS is_holder
FROM used AS u
LEFT JOIN held AS h USING (credential_id)
WHERE h.held_by IS NOT NULL
  OR (u.credential_id, u.in_window) IN (SELECT (credential_id, in_window) FROM used WHERE of_agent)
