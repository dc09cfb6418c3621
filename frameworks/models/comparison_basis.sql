-- One agent, and what there is to compare its identity record with: its permissions, and what it did in the period.
-- part
WITH trail AS (
  SELECT DISTINCT x.agent_id, x.tool
  FROM activity AS x
  WHERE x.in_window AND x.outcome = 'success'
),

acting AS (
  SELECT x.agent_id, COUNT(x.tool) AS n_tools
  FROM trail AS x
  GROUP BY x.agent_id
),

rights AS (
  SELECT
    g.actor_id,
    COUNT(CASE WHEN g.type = 'tool' THEN 1 END) AS n_tools,
    COUNT(CASE WHEN g.type = 'data' THEN 1 END) AS n_data,
    COUNT(DISTINCT CASE WHEN g.type = 'tool' AND NOT EXISTS (
      SELECT 1 FROM trail AS x WHERE x.agent_id = g.actor_id AND x.tool LIKE g.like_pattern ESCAPE '!'
    ) THEN g.name END) AS n_unused
  FROM grants AS g
  GROUP BY g.actor_id
),

executed AS (
  SELECT w.agent_id, MIN(w.name) AS name
  FROM graver_uses AS w
  WHERE w.in_window AND NOT w.certain
  GROUP BY w.agent_id
)

SELECT
  a.actor_id,
  g.actor_id IS NOT NULL AS has_grants,
  t.agent_id IS NOT NULL AS has_acted,
  g.n_tools = 0 AND t.n_tools > 0 AS lacks_tool_grants,
  g.n_data = 0 AND EXISTS (
    SELECT 1
    FROM data_use AS u
    WHERE u.agent_id = a.actor_id AND u.in_window AND u.outcome = 'success' AND u.event_class = 'data'
  ) AS lacks_data_grants,
  w.name AS executed,
  g.n_unused
FROM agents AS a
LEFT JOIN rights AS g ON g.actor_id = a.actor_id
LEFT JOIN acting AS t ON t.agent_id = a.actor_id
LEFT JOIN executed AS w ON w.agent_id = a.actor_id
