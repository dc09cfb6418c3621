-- One message of an agent to another in the period, as often as one log tells it; those without an id together.
-- part
WITH known AS (
  SELECT x.alias, MIN(x.actor_id) AS actor_id
  FROM aliases AS x
  GROUP BY x.alias
),

sent AS (
  SELECT
    e.agent_id,
    e.peer_id,
    e.log_source,
    e.message_id,
    COUNT(*) AS n_times,
    MIN(e.occurred_at) AS first_at,
    MAX(e.occurred_at) AS last_at,
    ARG_MIN(e.ref, moment(e.occurred_at, e.ref)) AS first_ref,
    ARG_MAX(e.ref, moment(e.occurred_at, e.ref)) AS last_ref
  FROM events AS e
  WHERE e.peer_id IS NOT NULL AND e.in_window AND e.outcome = 'success' AND e.agent_kind = 'agent'
  GROUP BY e.agent_id, e.peer_id, e.log_source, e.message_id
)

SELECT
  s.agent_id,
  COALESCE(k.actor_id, s.peer_id) AS peer_id,
  s.message_id,
  s.n_times,
  s.first_at,
  s.last_at,
  s.first_ref,
  s.last_ref
FROM sent AS s
LEFT JOIN known AS k ON k.alias = s.peer_id
WHERE COALESCE(k.actor_id, s.peer_id) <> s.agent_id
