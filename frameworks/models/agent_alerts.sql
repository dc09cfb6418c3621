-- One alert of the period on an agent, and when the agent was stopped thereafter.
-- part
SELECT
  l.actor_id,
  l.alert_id,
  l.severity,
  l.raised_at,
  l.action,
  l.acted_at,
  l.acted_by,
  MIN(s.from_at) AS stopped_at,
  l.ref
FROM alerts AS l
JOIN agents AS a ON a.actor_id = l.actor_id
CROSS JOIN run AS r
LEFT JOIN state_changes AS s
  ON s.actor_id = l.actor_id AND s.state IN ('suspended', 'retired') AND s.from_at >= l.raised_at
WHERE l.raised_at >= r.period_from AND l.raised_at < LEAST(r.period_to, r.as_of)
GROUP BY
  l.actor_id, l.alert_id, l.severity, l.raised_at, l.action, l.acted_at, l.acted_by, l.row_id, l.ref
