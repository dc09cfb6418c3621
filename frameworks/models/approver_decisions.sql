-- One decision that a person or a group made in the period: whether its time of day is recorded, since when it was asked
-- for where both are known to the time of day, and whether somebody else decided on the same. What several records tell
-- of one decision is one.
-- part
SELECT
  p.approver_id,
  p.approval_id,
  p.decision,
  p.granted_at AS decided_at,
  p.granted_at > CAST(p.granted_at AS DATE) AS is_timed,
  CASE
    WHEN p.granted_at > CAST(p.granted_at AS DATE)
      AND COALESCE(p.requested_at, t.requested_at) > CAST(COALESCE(p.requested_at, t.requested_at) AS DATE)
      THEN COALESCE(p.requested_at, t.requested_at)
  END AS asked_at,
  EXISTS (
    SELECT 1 FROM approvals AS o WHERE o.approval_id = p.approval_id AND o.approver_id <> p.approver_id
  ) AS is_seconded,
  p.ref
FROM approvals AS p
CROSS JOIN run AS r
LEFT JOIN actors AS h ON h.actor_id = p.approver_id
LEFT JOIN (
  SELECT w.kept_row_id, MIN(w.requested_at) AS requested_at FROM repeated_approvals AS w GROUP BY w.kept_row_id
) AS t ON t.kept_row_id = p.row_id
WHERE p.approver_id IS NOT NULL AND p.granted_at >= r.period_from AND p.granted_at < r.period_to
  AND p.granted_at <= r.as_of AND (h.kind IS NULL OR h.kind IN ('human', 'group'))
  AND NOT EXISTS (SELECT 1 FROM repeated_approvals AS o WHERE o.row_id = p.row_id)
