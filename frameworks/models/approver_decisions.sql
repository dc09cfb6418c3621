-- One decision that a person or a group made in the period: whether its time of day is recorded, since when it was asked
-- for where both are known to the time of day, and whether somebody else decided on the same.
-- part
SELECT
  p.approver_id,
  p.approval_id,
  p.decision,
  p.granted_at AS decided_at,
  p.granted_at > CAST(p.granted_at AS DATE) AS is_timed,
  CASE
    WHEN p.granted_at > CAST(p.granted_at AS DATE) AND p.requested_at > CAST(p.requested_at AS DATE)
      THEN p.requested_at
  END AS asked_at,
  EXISTS (
    SELECT 1 FROM approvals AS o WHERE o.approval_id = p.approval_id AND o.approver_id <> p.approver_id
  ) AS is_seconded,
  p.ref
FROM approvals AS p
CROSS JOIN run AS r
LEFT JOIN actors AS h ON h.actor_id = p.approver_id
WHERE p.approver_id IS NOT NULL AND p.granted_at >= r.period_from AND p.granted_at < r.period_to
  AND p.granted_at <= r.as_of AND (h.kind IS NULL OR h.kind IN ('human', 'group'))
