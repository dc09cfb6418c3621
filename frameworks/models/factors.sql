-- One agent and the sum of the ten factors of OWASP AIVSS in halves (0, 1, 2 each), least and most that the evidence allows.
-- step
WITH models AS (
  SELECT actor_id, bool_and(coalesce(pinned, FALSE)) AS is_pinned
  FROM components
  WHERE type = 'model'
  GROUP BY actor_id
),

logged AS (
  SELECT DISTINCT agent_id AS actor_id, TRUE AS is_seen
  FROM activity
  WHERE in_window
),

principals AS (
  SELECT DISTINCT agent_id, principal_id
  FROM event_actors
  WHERE principal_id IS NOT NULL
),

sharers AS (
  SELECT agent_id, count(agent_id) OVER (PARTITION BY principal_id) AS n
  FROM principals
),

delegates AS (
  SELECT DISTINCT agent_id, TRUE AS has_acted
  FROM delegation_chains
),

identities AS (
  SELECT s.agent_id AS actor_id, bool_or(s.n > 1) AS is_shared, bool_or(d.has_acted) AS is_delegated
  FROM sharers AS s
  LEFT JOIN delegates AS d ON d.agent_id = s.agent_id
  GROUP BY s.agent_id
)

SELECT
  x.actor_id,
  -- execution autonomy
  x.autonomy_lo
  -- tool control surface
  + CASE WHEN x.blast_lo > 0 THEN 2 WHEN x.n_tools > 0 THEN 1 ELSE 0 END
  -- natural language interface
  + CASE WHEN a.user_facing THEN 2 ELSE 1 END
  -- contextual awareness
  + x.data_lo
  -- non-determinism
  + 1
  -- opacity
  + CASE WHEN l.is_seen THEN 0 ELSE 2 END
  -- persistent state
  + CASE a.memory_scope WHEN 'none' THEN 0 WHEN 'session' THEN 1 WHEN 'agent' THEN 2 WHEN 'shared' THEN 2 ELSE 0 END
  -- dynamic identity
  + CASE WHEN s.is_delegated THEN 2 WHEN s.is_shared THEN 1 ELSE 0 END
  -- multi-agent interaction
  + CASE WHEN x.n_peers > 1 THEN 2 WHEN x.n_peers = 1 THEN 1 ELSE 0 END
  -- self-modification
  + CASE WHEN x.autonomy >= 4 THEN 2 WHEN x.autonomy = 3 THEN 1 ELSE 0 END
    AS factors_lo,
  x.autonomy_hi
  + CASE WHEN x.blast_hi > 0 THEN 2 WHEN x.n_tools > 0 THEN 1 ELSE 0 END
  + CASE WHEN a.user_facing = FALSE THEN 1 ELSE 2 END
  + x.data_hi
  + CASE WHEN m.is_pinned THEN 1 ELSE 2 END
  + CASE WHEN l.is_seen THEN 1 ELSE 2 END
  + CASE a.memory_scope WHEN 'none' THEN 0 WHEN 'session' THEN 1 ELSE 2 END
  + CASE WHEN s.is_delegated THEN 2 WHEN s.is_shared OR a.principal_id IS NULL THEN 2 ELSE 0 END
  + CASE WHEN x.n_peers > 0 THEN 2 ELSE 1 END
  + CASE WHEN x.autonomy IS NULL OR x.autonomy >= 4 THEN 2 WHEN x.autonomy = 3 THEN 1 ELSE 0 END
    AS factors_hi
FROM risk_attributes AS x
JOIN agents AS a ON a.actor_id = x.actor_id
LEFT JOIN models AS m ON m.actor_id = x.actor_id
LEFT JOIN logged AS l ON l.actor_id = x.actor_id
LEFT JOIN identities AS s ON s.actor_id = x.actor_id
