-- One part with which an agent was last approved as a whole, and when.
-- part
WITH snapshots AS (
  SELECT s.actor_id, MAX(s.approved_at) AS approved_at
  FROM snapshot_items AS s
  CROSS JOIN run AS r
  WHERE s.approved_at <= r.as_of
  GROUP BY s.actor_id
)

SELECT
  s.actor_id,
  s.approved_at,
  MIN(s.ref) OVER (PARTITION BY s.actor_id) AS ref,
  s.type,
  s.name,
  CASE s.type WHEN 'autonomy' THEN level_of(COALESCE(s.version, s.name)) ELSE s.version END AS version
FROM snapshot_items AS s
JOIN snapshots AS l ON l.actor_id = s.actor_id AND l.approved_at = s.approved_at
