-- One agent, its identity or its owner that may write or delete in a log; an owner where the agent itself is logged.
-- part
WITH names AS (
  SELECT a.actor_id AS name, 'agent' AS role, a.actor_id AS agent_id FROM agents AS a
  UNION ALL
  SELECT a.principal_id AS name, 'identity' AS role, a.actor_id AS agent_id FROM agents AS a
  UNION ALL
  SELECT a.owner_id AS name, 'owner' AS role, a.actor_id AS agent_id FROM agents AS a
),
stores AS (
  SELECT l.log_source, l.ref, ';' || REPLACE(LOWER(l.writers), ' ', '') || ';' AS writers
  FROM log_stores AS l
)
SELECT s.log_source, n.role, n.name, n.agent_id, s.ref
FROM stores AS s
JOIN names AS n ON REPLACE(s.writers, ';' || REPLACE(LOWER(n.name), ' ', '') || ';', '') <> s.writers
WHERE n.role <> 'owner' OR EXISTS (
  SELECT 1
  FROM activity AS x
  WHERE x.in_window AND x.agent_kind = 'agent' AND x.log_source = s.log_source AND x.agent_id = n.agent_id
)
