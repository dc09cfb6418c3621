-- One change of an agent in the period, what is wrong with its record and its approval (fault), and what is not told
-- of that (gap); or a model or prompt of an
-- active agent whose version is not recorded.
-- part
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
    WHEN d.approved_at IS NULL THEN 'no_date'
    WHEN d.matched_by = 'late' THEN 'late'
    WHEN d.ticket_type = 'emergency' AND d.approved_at <= c.effective_at + INTERVAL 7 DAY THEN NULL
    WHEN d.approved_at > c.effective_at THEN 'late'
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

UNION ALL

SELECT
  u.actor_id,
  u.name,
  NULL,
  NULL,
  NULL,
  NULL,
  NULL,
  NULL,
  NULL,
  u.fault,
  NULL,
  NULL,
  CASE u.fault WHEN 'model_unversioned' THEN '1' || u.id ELSE '0' END,
  u.ref
FROM unversioned AS u
