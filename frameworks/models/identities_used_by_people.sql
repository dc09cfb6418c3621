-- One identity of an agent that a person used in the period by a key of the agent, not through an OAuth client; the
-- first such use. An agent without an identity of its own acts as the credential it holds. Agents of one identity count
-- a use once.
-- part
WITH owners AS (
  SELECT DISTINCT h.credential_id, a.principal_id
  FROM key_holders AS h
  JOIN agents AS a ON a.actor_id = h.agent_id
)

SELECT
  COALESCE(o.principal_id, k.credential_id) AS principal_id,
  SUM(k.n_events) AS n_people,
  ARG_MIN(COALESCE(k.user_id, ''), moment(k.first_at, k.first_ref)) AS person,
  ARG_MIN(k.credential_id, moment(k.first_at, k.first_ref)) AS credential_id,
  ARG_MIN(k.first_ref, moment(k.first_at, k.first_ref)) AS ref
FROM key_uses AS k
JOIN owners AS o ON o.credential_id = k.credential_id
WHERE k.in_window AND k.user_kind = 'human' AND NOT k.by_client
GROUP BY COALESCE(o.principal_id, k.credential_id)
