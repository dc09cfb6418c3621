-- One agent with uses in the period that surely lie outside what is granted to it: how many things it used so beside
-- the first, and how many events at least were let through. One event may lie outside by its tool, its data, its
-- effect and its place; it was let through once.
-- part
SELECT
  o.agent_id,
  COUNT(DISTINCT o.fault || COALESCE(o.name, '')) - 1 AS n_more,
  SUM(CASE WHEN o.rank = 2 THEN o.n_events ELSE 0 END) + GREATEST(
    SUM(CASE WHEN o.rank = 4 THEN o.n_events ELSE 0 END),
    SUM(CASE WHEN o.rank IN (1, 3) THEN o.n_events ELSE 0 END) + GREATEST(
      SUM(CASE WHEN o.fault = 'tool_effect' THEN o.n_events ELSE 0 END),
      SUM(CASE WHEN o.fault = 'data_effect' THEN o.n_events ELSE 0 END)
    )
  ) AS n_passed
FROM outside_uses AS o
WHERE o.rank < 6
GROUP BY o.agent_id
