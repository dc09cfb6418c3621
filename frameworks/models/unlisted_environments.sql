-- One environment that an agent of a list worked in with success in the period and that is none of its contexts.
-- part
WITH contexts AS (
  SELECT g.actor_id, environment_of(g.name) AS environment, g.expires_at
  FROM grants AS g
  WHERE g.type = 'context'
),
places AS (
  SELECT
    x.agent_id,
    LOWER(x.environment) AS environment,
    SUM(x.n_events) AS n_events,
    MAX(x.last_at) AS last_at,
    ARG_MAX(x.last_ref, moment(x.last_at, x.last_ref)) AS ref
  FROM activity AS x
  WHERE x.in_window AND x.registered AND x.outcome = 'success'
    AND LOWER(x.environment) IN ('production', 'staging', 'test', 'development')
    AND (x.event_class IS NULL OR x.event_class IN ('tool', 'data'))
  GROUP BY x.agent_id, LOWER(x.environment)
)
SELECT p.agent_id, p.environment, p.n_events, p.last_at, p.ref
FROM places AS p
WHERE EXISTS (SELECT 1 FROM contexts AS c WHERE c.actor_id = p.agent_id AND c.environment IS NOT NULL)
  AND NOT EXISTS (
    SELECT 1
    FROM contexts AS c
    WHERE c.actor_id = p.agent_id AND c.environment = p.environment AND holds_at(c.expires_at, p.last_at)
  )
