-- One identity that one agent alone declares as its principal, so that it is that agent: of a directory, or of no list, where
-- rights, keys or alerts name it.
-- step
WITH listed AS MATERIALIZED (
  SELECT DISTINCT coalesce(d.actor_id, i.actor_id) AS actor_id, i.kind, i.principal_id, i.source, i.owner_id, i.is_intermediary
  FROM in_actors AS i
  LEFT JOIN declared_aliases AS d ON d.alias = i.actor_id
),

claims AS (
  SELECT DISTINCT coalesce(d.actor_id, l.principal_id) AS alias, l.actor_id AS agent
  FROM listed AS l
  LEFT JOIN declared_aliases AS d ON d.alias = l.principal_id
  WHERE l.kind = 'agent' AND l.principal_id IS NOT NULL
),

named AS (
  SELECT actor_id FROM in_grants
  UNION
  SELECT actor_id FROM in_credentials
  UNION
  SELECT actor_id FROM in_alerts
  UNION
  SELECT actor_id FROM in_incidents
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

UNION ALL

SELECT c.alias, min(c.agent)
FROM claims AS c
WHERE c.alias IN (SELECT actor_id FROM named)
  AND c.alias NOT IN (SELECT actor_id FROM listed)
  -- A gateway passes on what others do; who signs or answers is a person, whom an agent may borrow from.
  AND c.agent NOT IN (SELECT actor_id FROM listed WHERE is_intermediary)
  AND (c.alias NOT LIKE '%@%' OR c.alias LIKE '%.gserviceaccount.com')
  AND c.alias NOT IN (SELECT owner_id FROM listed WHERE owner_id IS NOT NULL)
  AND c.alias NOT IN (SELECT approver_id FROM in_approvals WHERE approver_id IS NOT NULL)
  AND NOT EXISTS (SELECT 1 FROM listed AS o WHERE o.principal_id = c.alias AND o.actor_id <> c.agent)
GROUP BY c.alias
HAVING count(*) = 1
