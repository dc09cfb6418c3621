-- One change of an agent in the period: what is wrong with the decision on it (fault), and what is not told beside
-- that (gap): a new version of the register, who requested it, or who in a group decided.
-- part
SELECT
  c.actor_id,
  c.change_id,
  LOWER(c.field) AS field,
  c.effective_at,
  c.approved_by,
  c.approved_at,
  c.ticket_type,
  CASE
    WHEN c.approved_by IS NULL THEN 'no_approver'
    WHEN c.approved_at IS NULL THEN 'no_date'
    WHEN is_same(c.approved_by, c.actor_id) THEN 'by_itself'
    WHEN is_same(c.approved_by, c.requested_by) THEN 'by_requester'
    WHEN c.approved_at > c.effective_at THEN 'late'
  END AS fault,
  CASE
    WHEN c.register_version IS NULL THEN 'no_version'
    WHEN c.requested_by IS NULL THEN 'no_requester'
    WHEN p.kind = 'group' THEN 'by_group'
  END AS gap,
  c.ref
FROM changes AS c
CROSS JOIN run AS r
JOIN agents AS a ON a.actor_id = c.actor_id
LEFT JOIN actors AS p ON p.actor_id = c.approved_by
WHERE c.effective_at >= r.period_from AND c.effective_at < r.period_to
