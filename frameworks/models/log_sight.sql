-- One agent, and how much logs show of it: whether one that shows it names tools, and one of its acts destinations.
-- Of an agent that no log shows: whether any log names tools.
-- part
WITH telling AS (
  SELECT DISTINCT x.log_source
  FROM activity AS x
  WHERE x.tool IS NOT NULL
),

placing AS (
  SELECT DISTINCT d.log_source
  FROM reach AS d
)

SELECT
  a.actor_id,
  MAX(CASE
    WHEN t.log_source IS NOT NULL THEN 1
    WHEN x.agent_id IS NULL AND EXISTS (SELECT 1 FROM telling) THEN 1
    ELSE 0
  END) AS names_tools,
  MAX(CASE
    WHEN x.in_window AND x.outcome = 'success' AND x.tool IS NOT NULL AND (x.effect IS NULL OR x.effect <> 'read')
      THEN CASE WHEN p.log_source IS NOT NULL THEN 1 ELSE 0 END
  END) AS names_destinations
FROM agents AS a
LEFT JOIN activity AS x ON x.agent_id = a.actor_id
LEFT JOIN telling AS t ON t.log_source = x.log_source
LEFT JOIN placing AS p ON p.log_source = x.log_source
GROUP BY a.actor_id
