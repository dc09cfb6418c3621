-- One actor with reviews: when one was last completed, and whether one is overdue on the day of the report.
-- part
SELECT
  v.actor_id,
  MAX(v.completed_at) AS completed_at,
  MAX(CASE WHEN v.completed_at IS NULL AND v.due_at < r.as_of THEN 1 ELSE 0 END) AS overdue
FROM reviews AS v
CROSS JOIN run AS r
GROUP BY v.actor_id
