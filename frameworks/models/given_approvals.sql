-- One approval, how who gave it stood on that day, as `standing_on` says it, and how many signed it; since when
-- a refusal of its id surely ends it (ended_at), or may (doubted_at).
-- part
SELECT
  p.approval_id,
  p.row_id,
  p.actor_id,
  p.type,
  p.scope,
  p.like_pattern,
  p.decision,
  p.granted_at,
  p.recorded_at,
  p.expires_at,
  f.ended_at,
  f.doubted_at,
  p.max_uses,
  p.approver_id,
  p.approver_id = p.actor_id OR h.kind = 'agent' AS is_by_agent,
  standing_on(p.approver_id, n.n_people, h.kind, h.state, h.state_since, h.first_day, h.last_day, p.granted_at)
    AS standing,
  COUNT(*) OVER (PARTITION BY p.approval_id) AS n_of_id
FROM approvals AS p
LEFT JOIN refused_approvals AS f ON f.row_id = p.row_id
CROSS JOIN listed_people AS n
LEFT JOIN deciders AS h ON h.decider_id = p.approver_id
