-- One successful call of an approved run.
-- step
WITH runs AS (
  SELECT who, purpose, session_id, tool, destination, outcome, event_class, part
  FROM in_baseline

  UNION ALL

  SELECT e.who, e.purpose, e.session_id, e.tool, e.destination, e.outcome, e.event_class, e.part
  FROM baseline AS b
  JOIN in_events AS e ON is_within(e.occurred_at, b.since, b.until)
)

SELECT DISTINCT
  k.agent_id,
  e.purpose,
  coalesce(e.session_id, CAST(e.part AS VARCHAR)) AS session_id,
  e.tool,
  e.destination,
  e.outcome,
  e.event_class
FROM runs AS e
JOIN event_actors AS k ON k.who = e.who
CROSS JOIN baseline AS b
WHERE b.holds AND NOT EXISTS (SELECT 1 FROM baseline_exceptions AS x WHERE x.agent_id = k.agent_id)
