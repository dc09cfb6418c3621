-- One review of an agent that was completed in the period: the snapshot of activity it looked at, and when the one
-- before it was completed.
-- part
WITH dated AS (
  SELECT
    v.review_id,
    v.actor_id,
    v.completed_at,
    v.snapshot_at,
    v.snapshot_from,
    v.ref,
    LAG(v.completed_at) OVER (PARTITION BY v.actor_id ORDER BY v.completed_at, v.review_id) AS previous_at
  FROM reviews AS v
  JOIN agents AS a ON a.actor_id = v.actor_id
  WHERE v.completed_at IS NOT NULL
)

SELECT d.review_id, d.actor_id, d.completed_at, d.snapshot_at, d.snapshot_from, d.previous_at, d.ref
FROM dated AS d
CROSS JOIN run AS r
WHERE d.completed_at >= r.period_from AND d.completed_at < r.period_to
