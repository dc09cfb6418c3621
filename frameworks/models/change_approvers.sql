-- How who approved a change stood on that day, as `standing_on` says it.
-- part
SELECT
  d.row_id,
  standing_on(d.approver_id, n.n_people, h.kind, h.state, h.state_since, h.first_day, h.last_day, d.approved_at)
    AS standing
FROM change_approvals AS d
CROSS JOIN listed_people AS n
LEFT JOIN deciders AS h ON h.decider_id = d.approver_id
