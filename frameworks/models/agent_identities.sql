-- One identity of a directory that one agent alone declares as its principal, so that it is that agent.
-- step
WITH listed AS MATERIALIZED (
  SELECT DISTINCT coalesce(d.actor_id, i.actor_id) AS actor_id, i.kind, i.principal_id, i.source
  FROM in_actors AS i
  LEFT JOIN declared_aliases AS d ON d.alias = i.actor_id
),

claims AS (
  SELECT DISTINCT coalesce(d.actor_id, l.principal_id) AS alias, l.actor_id AS agent
  FROM listed AS l
  LEFT JOIN declared_aliases AS d ON d.alias = l.principal_id
  WHERE l.kind = 'agent' AND l.principal_id IS NOT NULL
)

SELECT c.alias, min(c.agent) AS actor_id
FROM claims AS c
WHERE c.alias <> c.agent
  AND c.alias IN (SELECT actor_id FROM listed WHERE kind NOT IN ('human', 'group'))
  -- A register that lists both an agent and the identity that it declares means two.
  AND NOT EXISTS (
    SELECT 1 FROM listed AS a JOIN listed AS b ON b.source = a.source
    WHERE a.actor_id = c.alias AND b.actor_id = c.agent
  )
GROUP BY c.alias
HAVING count(*) = 1
