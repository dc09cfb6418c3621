-- One thing that an agent did with success in the period for somebody else, by purpose, and whose rights cover it; less what a
-- system's own rights tell.
-- A right must have held when the tool, or the resource, was last used for that person and purpose.
-- part
WITH known AS (
  SELECT x.alias, MIN(x.actor_id) AS actor_id
  FROM aliases AS x
  GROUP BY x.alias
),
acts AS (
  SELECT
    e.agent_id, e.on_behalf_of, e.tool, e.resource, e.purpose,
    CASE WHEN e.tool IS NULL THEN e.log_source END AS log_source,
    COUNT(*) AS n_events, MAX(e.occurred_at) AS last_at
  FROM events AS e
  WHERE e.on_behalf_of IS NOT NULL AND e.in_window AND e.outcome = 'success'
    AND (e.tool IS NOT NULL OR e.resource IS NOT NULL)
    AND (e.event_class IS NULL OR e.event_class NOT IN ('session', 'model', 'auth'))
  GROUP BY
    e.agent_id, e.on_behalf_of, e.tool, e.resource, e.purpose,
    CASE WHEN e.tool IS NULL THEN e.log_source END
),
named AS (
  SELECT
    c.agent_id,
    COALESCE(k.actor_id, c.on_behalf_of) AS person_id,
    c.on_behalf_of,
    c.tool,
    c.resource,
    c.purpose,
    c.log_source,
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
    WHERE g.actor_id = n.agent_id AND g.type = 'tool' AND covers_tool(n.tool, g.like_pattern, g.excluded)
      AND holds_at(g.expires_at, n.tool_at) AND same_purpose(g.purpose, n.purpose)
  ) AS own_tool,
  EXISTS (
    SELECT 1
    FROM grants AS g
    WHERE g.actor_id = n.person_id AND g.type = 'tool' AND covers_tool(n.tool, g.like_pattern, g.excluded)
      AND holds_at(g.expires_at, n.tool_at) AND same_purpose(g.purpose, n.purpose)
  ) AS persons_tool,
  EXISTS (
    SELECT 1
    FROM grants AS g
    WHERE g.actor_id = n.person_id AND g.type IN ('data', 'entitlement') AND n.resource LIKE g.like_pattern ESCAPE '!'
      AND holds_at(g.expires_at, n.resource_at) AND same_purpose(g.purpose, n.purpose)
  ) AS persons_data
FROM named AS n
-- What a system does by its own rights is compared with those (right_uses).
LEFT JOIN (
  SELECT DISTINCT u.agent_id, u.person_id, u.log_source
  FROM right_uses AS u
  WHERE u.person_id IS NOT NULL AND u.in_window AND u.standing <> 'incomparable'
) AS o
  ON o.agent_id = n.agent_id AND o.person_id = n.person_id AND o.log_source = n.log_source
WHERE n.person_id <> n.agent_id AND o.agent_id IS NULL
