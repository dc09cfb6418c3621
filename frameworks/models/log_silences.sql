-- One silence of an hour or more of a log that should have shown an active agent, as far as the agent was active.
-- part
SELECT
  e.actor_id,
  e.log_source,
  e.every,
  g.hours,
  GREATEST(g.from_at, e.from_at) AS from_at,
  LEAST(g.until_at, e.until_at) AS until_at,
  moment(g.from_at, e.log_source) AS place
FROM expected_logs AS e
JOIN feed_gaps AS g ON g.log_source = e.log_source
