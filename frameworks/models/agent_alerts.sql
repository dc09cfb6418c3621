-- One alert of the period on an agent, when the agent was stopped thereafter, and who acted, as the lists have him.
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
  h.kind AS actor_kind,
  standing_on(l.acted_by, n.n_people, h.kind, h.state, h.state_since, h.first_day, h.last_day, l.acted_at) AS standing,
  l.ref
FROM alerts AS l
JOIN agents AS a ON a.actor_id = l.actor_id
CROSS JOIN run AS r
CROSS JOIN listed_people AS n
LEFT JOIN deciders AS h ON h.decider_id = l.acted_by
LEFT JOIN state_changes AS s
  ON s.actor_id = l.actor_id AND s.state IN ('suspended', 'retired') AND s.from_at >= l.raised_at
WHERE l.raised_at >= r.period_from AND l.raised_at < LEAST(r.period_to, r.as_of)
GROUP BY
  l.actor_id, l.alert_id, l.severity, l.raised_at, l.action, l.acted_at, l.acted_by, l.row_id, l.ref,
  n.n_people, h.kind, h.state, h.state_since, h.first_day, h.last_day
