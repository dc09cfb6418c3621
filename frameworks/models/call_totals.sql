-- One agent that made calls in the period: how many, and how many of its events tell what they cost.
-- part
WITH priced AS (
  SELECT e.agent_id, COUNT(*) AS n_priced
  FROM events AS e
  WHERE e.in_window AND e.cost IS NOT NULL
  GROUP BY e.agent_id
)

SELECT x.agent_id, SUM(x.n_events) AS n_calls, COALESCE(MAX(p.n_priced), 0) AS n_priced
FROM activity AS x
LEFT JOIN priced AS p ON p.agent_id = x.agent_id
WHERE x.in_window AND x.outcome <> 'denied' AND is_call(x.event_class)
GROUP BY x.agent_id
