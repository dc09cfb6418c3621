-- One agent of which a log that shows it, or should, tells what is done: a tool or an effect, not sign-ins and sessions alone.
-- For whom no log shows, any log counts.
-- agent_id text: Agent.
-- of events
WITH telling AS (
  SELECT DISTINCT x.log_source
  FROM activity AS x
  WHERE (x.tool IS NOT NULL OR x.effect IS NOT NULL)
    AND (x.event_class IS NULL OR x.event_class NOT IN ('auth', 'session', 'heartbeat'))
),

logs AS (
  SELECT x.agent_id, x.log_source
  FROM activity AS x
  WHERE x.agent_id IS NOT NULL
  UNION
  SELECT l.actor_id, l.log_source
  FROM actor_log_sources AS l
)

SELECT DISTINCT a.actor_id AS agent_id
FROM agents AS a
LEFT JOIN logs AS l ON l.agent_id = a.actor_id
JOIN telling AS t ON t.log_source = l.log_source OR l.agent_id IS NULL
