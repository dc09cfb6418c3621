-- One right of an agent that its latest review decided to remove or to reduce, and what came of it: whether it is still
-- granted, when it was last used, and when the agent last did something of which the log does not name what it used.
-- part
SELECT
  o.actor_id,
  o.type,
  o.name,
  o.decision,
  o.completed_at,
  o.is_granted,
  o.is_renewed,
  o.is_renewed_later,
  MAX(CASE WHEN u.n_unnamed = 0 THEN u.last_at END) AS used_at,
  ARG_MAX(u.ref, moment(u.last_at, u.ref)) AS used_ref,
  MAX(CASE WHEN u.n_unnamed > 0 THEN u.last_at END) AS unnamed_at,
  SUM(u.n_unnamed) AS n_unnamed,
  o.ref
FROM review_orders AS o
LEFT JOIN uses_after_review AS u ON u.actor_id = o.actor_id AND u.type = o.type AND u.name = o.name
GROUP BY o.actor_id, o.type, o.name, o.decision, o.completed_at, o.is_granted, o.is_renewed,
  o.is_renewed_later, o.ref
