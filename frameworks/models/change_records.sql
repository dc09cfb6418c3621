-- One change of an agent in the period: what is wrong with its record and its approval, what is not told of that, or
-- approved (code), and which of the three (rank 1 to 3).
-- part
WITH noted AS (
  SELECT
    c.actor_id,
    c.change_id AS name,
    LOWER(c.field) AS field,
    c.effective_at,
    level_of(TRIM(c.old_value)) AS old_level,
    level_of(TRIM(c.new_value)) AS new_level,
    d.approver_id AS approved_by,
    d.approved_at,
    a.risk_signed_off_by AS risk_owner,
    CASE
      WHEN c.old_value IS NULL OR c.new_value IS NULL THEN 'no_values'
      WHEN d.matched_by = 'unmatched' THEN 'unmatched'
      WHEN d.matched_by = 'none' THEN 'no_approver'
      WHEN s.standing = 'by_no_person' THEN 'by_machine'
      WHEN is_no_approver(s.standing) THEN s.standing
      WHEN d.approver_id IS NULL OR d.matched_by IN ('undated', 'same_act') THEN NULL
      ELSE delay_of_approval(d.matched_by, d.ticket_type, d.approved_at, c.effective_at)
    END AS fault,
    CASE
      WHEN d.matched_by = 'untold' THEN 'no_decisions'
      WHEN d.matched_by IN ('undated', 'overridden') THEN d.matched_by
      WHEN is_doubtful_approver(s.standing) THEN s.standing
    END AS gap,
    d.matched_by,
    moment(c.effective_at, c.change_id) AS place,
    c.ref
  FROM changes AS c
  JOIN change_approvals AS d ON d.row_id = c.row_id
  CROSS JOIN run AS r
  JOIN agents AS a ON a.actor_id = c.actor_id
  LEFT JOIN change_approvers AS s ON s.row_id = c.row_id
  WHERE c.effective_at >= r.period_from AND c.effective_at < r.period_to
)

SELECT
  n.actor_id,
  n.name,
  n.field,
  n.effective_at,
  n.old_level,
  n.new_level,
  n.approved_by,
  n.approved_at,
  n.risk_owner,
  CASE
    WHEN n.field = 'untold' AND COALESCE(n.fault, n.gap) IS NOT NULL THEN 'untold'
    ELSE COALESCE(n.fault, n.gap, 'approved')
  END AS code,
  CASE
    WHEN n.fault IS NOT NULL AND n.field <> 'untold' THEN 1
    WHEN COALESCE(n.fault, n.gap) IS NOT NULL THEN 2
    ELSE 3
  END AS rank,
  n.matched_by,
  n.place,
  n.ref
FROM noted AS n
