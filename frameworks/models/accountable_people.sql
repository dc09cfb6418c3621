-- One person who answers for an agent, its owner or who approved something for it in the period; and that person's last training.
-- part
WITH named AS (
  SELECT a.actor_id, a.owner_id AS person_id, 'owner' AS role
  FROM agents AS a
  WHERE a.owner_id IS NOT NULL

  UNION

  SELECT p.actor_id, p.approver_id, 'approver'
  FROM approvals AS p
  CROSS JOIN run AS r
  WHERE p.approver_id IS NOT NULL AND p.granted_at >= r.period_from AND p.granted_at < r.period_to AND p.granted_at <= r.as_of
)

SELECT n.actor_id, n.person_id, n.role, h.actor_id IS NOT NULL AS is_known, h.trained_at
FROM named AS n
LEFT JOIN actors AS h ON h.actor_id = n.person_id
WHERE h.kind IS NULL OR h.kind = 'human'
