-- One log that should show an active agent, and from when to when in the period; empty: none is named for the agent.
-- part
SELECT
  a.actor_id,
  a.ref,
  l.log_source,
  f.every,
  COALESCE(f.n_events, 0) AS n_delivered,
  GREATEST(r.period_from, COALESCE(a.activated_at, r.period_from)) AS from_at,
  LEAST(r.period_to, r.as_of) AS until_at
FROM agents AS a
CROSS JOIN run AS r
-- A register and a list of trails may both name a log.
LEFT JOIN (SELECT DISTINCT x.actor_id, x.log_source FROM actor_log_sources AS x) AS l ON l.actor_id = a.actor_id
LEFT JOIN feeds AS f ON f.log_source = l.log_source
WHERE a.state = 'active' AND (a.seasonal_until IS NULL OR a.seasonal_until < r.as_of)
  AND (a.activated_at IS NULL OR a.activated_at < LEAST(r.period_to, r.as_of))
