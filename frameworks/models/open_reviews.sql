-- One review that was due by now and open in the period: until when it was open, by then done or not.
-- part
SELECT
  d.actor_id,
  d.due_at,
  MIN(c.completed_at) AS completed_at,
  LEAST(COALESCE(MIN(c.completed_at), r.as_of), r.as_of) AS until_at,
  MIN(d.ref) AS ref
FROM reviews AS d
CROSS JOIN run AS r
LEFT JOIN reviews AS c
  ON c.actor_id = d.actor_id AND c.completed_at IS NOT NULL
  AND (c.review_id = d.review_id OR c.completed_at >= d.due_at)
WHERE d.due_at < r.period_to AND d.due_at <= r.as_of
GROUP BY d.actor_id, d.review_id, d.due_at, r.period_from, r.as_of
HAVING d.due_at >= r.period_from OR MIN(c.completed_at) IS NULL OR MIN(c.completed_at) >= r.period_from
