-- One change of an agent in the period: what is wrong with the decision on it (fault), and what is not told beside
-- that (gap): whether anybody decides on such changes, whether its branch was protected, when, who asked for it, or who decided. A standard
-- change was approved for all of its kind; an emergency may be approved until a week later.
-- part
SELECT
  c.actor_id,
  c.change_id,
  LOWER(c.field) AS field,
  c.effective_at,
  d.matched_by,
  d.approver_id AS approved_by,
  d.approved_at,
  CASE
    WHEN d.matched_by = 'unmatched' THEN 'unmatched'
    WHEN d.matched_by = 'none' THEN 'no_approver'
    WHEN d.approver_id IS NULL THEN NULL
    WHEN is_same(d.approver_id, c.actor_id) THEN 'by_itself'
    WHEN is_no_approver(s.standing) THEN s.standing
    WHEN d.matched_by = 'same_act' THEN NULL
    WHEN is_same(d.approver_id, c.requested_by) OR is_same(d.approver_id, d.requester_id) THEN 'by_requester'
    WHEN d.matched_by = 'undated' THEN NULL
    ELSE delay_of_approval(d.matched_by, d.ticket_type, d.approved_at, c.effective_at)
  END AS fault,
  CASE
    WHEN d.matched_by = 'untold' THEN 'no_decisions'
    WHEN d.matched_by IN ('undated', 'overridden') THEN d.matched_by
    WHEN d.approver_id IS NULL THEN NULL
    WHEN d.matched_by = 'same_act' OR (c.requested_by IS NULL AND d.requester_id IS NULL) THEN 'no_requester'
    WHEN is_doubtful_approver(s.standing) THEN s.standing
  END AS gap,
  d.decision_ref,
  c.ref
FROM changes AS c
LEFT JOIN change_approvals AS d ON d.row_id = c.row_id
CROSS JOIN run AS r
JOIN agents AS a ON a.actor_id = c.actor_id
LEFT JOIN change_approvers AS s ON s.row_id = c.row_id
WHERE c.effective_at >= r.period_from AND c.effective_at < r.period_to
