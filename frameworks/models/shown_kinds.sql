-- One agent, and a kind of thing that a log which shows it names: tools or, for data, resources. For whom no log shows, any log counts.
-- agent_id text: Agent.
-- type text: tool | data.
-- of events
WITH telling AS (
  SELECT DISTINCT log_source, 'tool' AS type FROM activity WHERE tool IS NOT NULL
  UNION ALL
  SELECT DISTINCT log_source, 'data' FROM activity WHERE n_resource > 0
)

SELECT DISTINCT a.actor_id AS agent_id, t.type
FROM agents AS a
LEFT JOIN activity AS x ON x.agent_id = a.actor_id
JOIN telling AS t ON t.log_source = x.log_source OR x.agent_id IS NULL
