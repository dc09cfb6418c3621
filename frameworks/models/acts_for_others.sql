-- One thing that an agent did with success in the period for somebody else, by purpose, and whose rights cover it.
-- A right must have held when the tool, or the resource, was last used for that person and purpose.
-- part
WITH known AS (
  SELECT x.alias, MIN(x.actor_id) AS actor_id
  FROM aliases AS x
  GROUP BY x.alias
),
acts AS (
  SELECT e.agent_id, e.on_behalf_of, e.tool, e.resource, e.purpose, COUNT(*) AS n_events, MAX(e.occurred_at) AS last_at
  FROM events AS e
  WHERE e.on_behalf_of IS NOT NULL AND e.in_window AND e.outcome = 'success'
    AND (e.tool IS NOT NULL OR e.resource IS NOT NULL)
    AND (e.event_class IS NULL OR e.event_class NOT IN ('session', 'model', 'auth'))
  GROUP BY e.agent_id, e.on_behalf_of, e.tool, e.resource, e.purpose
),
named AS (
  SELECT
    c.agent_id,
    COALESCE(k.actor_id, c.on_behalf_of) AS person_id,
    c.on_behalf_of,
    c.tool,
    c.resource,
    c.purpose,
    c.n_events,
    c.last_at,
    MAX(c.last_at) OVER (PARTITION BY c.agent_id, COALESCE(k.actor_id, c.on_behalf_of), c.tool, c.purpose) AS tool_at,
    MAX(c.last_at) OVER (PARTITION BY c.agent_id, COALESCE(k.actor_id, c.on_behalf_of), c.resource, c.purpose)
      AS resource_at
  FROM acts AS c
  JOIN agents AS a ON a.actor_id = c.agent_id
  LEFT JOIN known AS k ON k.alias = c.on_behalf_of
)
SELECT
  n.agent_id,
  n.person_id,
  n.on_behalf_of,
  n.tool,
  n.resource,
  n.n_events,
  n.last_at,
  EXISTS (
    SELECT 1
    FROM grants AS g
    WHERE g.actor_id = n.agent_id AND g.type = 'tool' AND n.tool LIKE g.like_pattern ESCAPE '!'
      AND holds_at(g.expires_at, n.tool_at) AND same_purpose(g.purpose, n.purpose)
  ) AS own_tool,
  EXISTS (
    SELECT 1
    FROM grants AS g
    WHERE g.actor_id = n.person_id AND g.type = 'tool' AND n.tool LIKE g.like_pattern ESCAPE '!'
      AND holds_at(g.expires_at, n.tool_at) AND same_purpose(g.purpose, n.purpose)
  ) AS persons_tool,
  EXISTS (
    SELECT 1
    FROM grants AS g
    WHERE g.actor_id = n.person_id AND g.type IN ('data', 'entitlement') AND n.resource LIKE g.like_pattern ESCAPE '!'
      AND holds_at(g.expires_at, n.resource_at) AND same_purpose(g.purpose, n.purpose)
  ) AS persons_data
FROM named AS n
WHERE n.person_id <> n.agent_id
