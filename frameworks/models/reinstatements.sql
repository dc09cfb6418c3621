-- One agent that came back to work in the period after a stop; if it did so without an approval of its return, when,
-- and the approval that came later; where only a field of a list says that a return was approved, that day and when it
-- came back; and how many such approvals the input holds at all.
-- part
WITH activations AS (
  SELECT p.actor_id, p.approved_at, p.expires_at, p.is_field
  FROM all_approvals AS p
  WHERE p.type IN ('activation', 'reactivation')
)

SELECT
  s.actor_id,
  MIN(CASE WHEN p.actor_id IS NULL AND f.actor_id IS NULL THEN s.until_at END) AS unapproved_at,
  MIN(CASE WHEN p.actor_id IS NULL THEN l.approved_at END) AS approved_later_at,
  MIN(CASE WHEN p.actor_id IS NULL THEN f.approved_at END) AS field_at,
  MIN(CASE WHEN p.actor_id IS NULL AND f.actor_id IS NOT NULL THEN s.until_at END) AS claimed_at,
  (SELECT COUNT(*) FROM activations AS n) AS n_known
FROM stops AS s
CROSS JOIN run AS r
LEFT JOIN activations AS p
  ON p.actor_id = s.actor_id AND NOT p.is_field AND p.approved_at BETWEEN s.from_at AND s.until_at
  AND holds_at(p.expires_at, s.until_at)
LEFT JOIN activations AS f ON f.actor_id = s.actor_id AND f.is_field AND f.approved_at BETWEEN s.from_at AND s.until_at
LEFT JOIN activations AS l ON l.actor_id = s.actor_id AND l.approved_at > s.until_at
WHERE s.next_state = 'active' AND s.until_at >= r.period_from AND s.until_at < r.period_to
GROUP BY s.actor_id
