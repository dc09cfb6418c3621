-- One right of an agent that the latest review of it decided to remove or to reduce: whether it is still granted, and
-- whether it was granted or approved anew since, or only after the report date.
-- part
WITH decided AS (
  SELECT
    i.actor_id,
    i.type,
    i.name,
    LOWER(i.decision) AS decision,
    v.completed_at,
    v.ref,
    ROW_NUMBER() OVER (
      PARTITION BY i.actor_id, i.type, i.name ORDER BY v.completed_at DESC, v.review_id, i.decision
    ) AS nth
  FROM review_items AS i
  JOIN reviews AS v ON v.review_id = i.review_id AND v.actor_id = i.actor_id
  CROSS JOIN run AS r
  WHERE v.completed_at <= r.as_of
)

SELECT
  d.actor_id,
  d.type,
  d.name,
  d.decision,
  d.completed_at,
  COUNT(g.actor_id) > 0 AS is_granted,
  COUNT(CASE
    WHEN (g.granted_at > d.completed_at AND g.granted_at <= r.as_of) OR p.approved_at <= r.as_of THEN 1
  END) > 0 AS is_renewed,
  COUNT(CASE WHEN g.granted_at > r.as_of OR p.approved_at > r.as_of THEN 1 END) > 0 AS is_renewed_later,
  COALESCE(MIN(g.ref), d.ref) AS ref
FROM decided AS d
JOIN agents AS a ON a.actor_id = d.actor_id
CROSS JOIN run AS r
LEFT JOIN grants AS g
  ON g.actor_id = d.actor_id AND g.type = d.type AND g.name = d.name
  AND (g.expires_at IS NULL OR g.expires_at > r.as_of)
LEFT JOIN all_approvals AS p
  ON p.actor_id = g.actor_id AND p.type IN (g.type, 'change') AND p.approved_at > d.completed_at
  AND g.name LIKE p.like_pattern ESCAPE '!' AND holds_at(p.expires_at, r.as_of)
WHERE d.nth = 1 AND d.decision IN ('remove', 'reduce')
GROUP BY d.actor_id, d.type, d.name, d.decision, d.completed_at, d.ref
