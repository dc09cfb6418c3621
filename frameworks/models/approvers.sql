-- One approval of an agent that was in force in the period and not refused, and how who gave it stood on that day:
-- as `standing_on` says it.
-- part
WITH given AS (
  SELECT
    p.row_id, p.ref, p.approval_id, p.actor_id, p.type, p.scope, p.like_pattern,
    COALESCE(p.requester_id, t.requester_id) AS requester_id,
    t.ref AS other_ref, p.approver_id,
    p.granted_at, h.name, h.kind, h.state, h.state_since,
    h.activated_at AS first_day,
    h.retired_at AS last_day,
    standing_on(p.approver_id, 1, h.kind, h.state, h.state_since, h.activated_at, h.retired_at, p.granted_at) AS standing
  FROM approvals AS p
  JOIN agents AS a ON a.actor_id = p.actor_id
  CROSS JOIN run AS r
  LEFT JOIN actors AS h ON h.actor_id = p.approver_id
  LEFT JOIN (
    SELECT w.kept_row_id, MIN(w.requester_id) AS requester_id, MIN(w.ref) AS ref
    FROM repeated_approvals AS w
    WHERE w.is_same_thing
    GROUP BY w.kept_row_id
  ) AS t ON t.kept_row_id = p.row_id
  WHERE NOT EXISTS (SELECT 1 FROM repeated_approvals AS o WHERE o.row_id = p.row_id AND o.is_same_thing)
    AND (p.decision IS NULL OR p.decision <> 'rejected')
    AND (p.granted_at IS NULL OR (
      p.granted_at < r.period_to AND p.granted_at <= r.as_of
      AND (p.granted_at >= r.period_from OR p.expires_at > r.period_from
        OR (p.expires_at IS NULL AND p.type <> 'action'))
    ))
),

-- Who is in the group that approved and should not be: the agent itself, or who asked.
insiders AS (
  SELECT v.row_id, MIN(g.actor_id) AS member_id
  FROM given AS v
  JOIN grants AS g ON g.type = 'entitlement' AND (g.actor_id = v.actor_id OR g.actor_id = v.requester_id)
    AND (v.approver_id IN (g.role, g.name) OR v.name IN (g.role, g.name))
    AND (g.expires_at IS NULL OR g.expires_at > v.granted_at)
  WHERE v.kind = 'group'
  GROUP BY v.row_id
)

SELECT
  v.row_id, v.ref, v.approval_id, v.actor_id, v.scope, v.like_pattern, v.requester_id, v.approver_id, v.granted_at,
  v.kind, v.state, v.state_since, v.first_day, v.last_day, v.standing, v.other_ref,
  m.member_id,
  EXISTS (
    SELECT 1
    FROM given AS o
    WHERE o.actor_id = v.actor_id AND o.type = v.type AND o.scope IS NOT DISTINCT FROM v.scope
      AND o.approver_id <> v.approver_id AND o.kind = 'human'
  ) AS has_second
FROM given AS v
LEFT JOIN insiders AS m ON m.row_id = v.row_id
