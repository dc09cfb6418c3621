-- One event of a run that can be assessed: of a purpose, or an agent, with approved runs or permissions bound to the purpose.
-- step
WITH approved AS (
  SELECT CASE WHEN purpose IS NULL THEN agent_id END AS agent_id, purpose, session_id
  FROM approved_runs

  UNION ALL

  SELECT agent_id, purpose, NULL
  FROM approved_scope
  WHERE agent_id IS NOT NULL AND purpose IS NOT NULL
),

scoped AS (
  SELECT agent_id, purpose, count(DISTINCT session_id) AS n_clean
  FROM approved
  GROUP BY agent_id, purpose
)

SELECT
  k.agent_id,
  e.purpose,
  coalesce(e.session_id, CAST(e.part AS VARCHAR)) AS session_id,
  s.n_clean,
  e.tool,
  e.destination,
  e.occurred_at,
  e.outcome,
  e.part,
  e.record,
  e.file
FROM in_events AS e
CROSS JOIN run AS r
JOIN event_actors AS k ON k.who = e.who
JOIN scoped AS s
  ON (s.purpose = e.purpose AND (s.agent_id IS NULL OR s.agent_id = k.agent_id))
  OR (s.purpose IS NULL AND e.purpose IS NULL AND s.agent_id = k.agent_id)
WHERE k.agent_id IS NOT NULL AND e.tool IS NOT NULL AND is_act(e.event_class)
  AND (e.occurred_at IS NULL OR is_within(e.occurred_at, r.period_from, r.period_to))
