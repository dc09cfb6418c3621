-- One tool that an agent used for the first time in the period, or for the first time for a purpose, and how its
-- approval stands. contradicted: approved, and perhaps refused before its use. used_before: perhaps it is not new, for the log did not name the purpose of earlier uses.
-- part
WITH uses AS (
  SELECT
    agent_id, name, purpose, first_at, first_ref, approved_at,
    MIN(first_at) OVER (PARTITION BY agent_id, name) AS known_at,
    MIN(CASE WHEN purpose IS NULL THEN first_at END) OVER (PARTITION BY agent_id, name) AS unnamed_at
  FROM first_uses
  WHERE kind = 'tool'
)

SELECT
  u.agent_id,
  u.name,
  u.purpose,
  u.first_at,
  u.first_ref AS ref,
  u.approved_at,
  MAX(CASE WHEN p.perhaps_until < u.first_at THEN p.perhaps_until END) AS expired_at,
  MIN(CASE WHEN p.purpose <> u.purpose THEN p.purpose END) AS other_purpose,
  CASE
    WHEN u.approved_at <= u.first_at THEN 'approved'
    WHEN COUNT(CASE WHEN may_hold(p.purpose, u.purpose, p.approved_at, p.perhaps_until, u.first_at) THEN 1 END) > 0 THEN 'contradicted'
    WHEN u.purpose IS NOT NULL AND u.unnamed_at < r.period_from THEN 'used_before'
    WHEN u.approved_at IS NOT NULL THEN 'late'
    ELSE 'unapproved'
  END AS standing
FROM uses AS u
CROSS JOIN run AS r
LEFT JOIN all_approvals AS p
  ON p.actor_id = u.agent_id AND p.type IN ('tool', 'change') AND u.name LIKE p.like_pattern ESCAPE '!'
WHERE u.first_at >= r.period_from AND u.first_at < r.period_to
  AND (u.purpose IS NOT NULL OR u.known_at >= r.period_from)
GROUP BY u.agent_id, u.name, u.purpose, u.first_at, u.first_ref, u.approved_at, u.unnamed_at, r.period_from
