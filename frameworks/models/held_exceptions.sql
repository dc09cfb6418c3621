-- One exception that held in the period or may have, and what who approved it is; without a kind where no directory
-- tells.
-- part
SELECT
  x.exception_id,
  x.actor_id,
  x.reason,
  x.requester_id,
  x.approver_id,
  h.decider_id IS NOT NULL AS is_known,
  h.kind AS approver_kind,
  standing_on(x.approver_id, 1, h.kind, h.state, h.state_since, h.first_day, h.last_day, x.starts_at) AS standing,
  x.starts_at,
  x.ends_at,
  x.compensating,
  x.ref
FROM exceptions AS x
CROSS JOIN run AS r
LEFT JOIN deciders AS h ON h.decider_id = x.approver_id
WHERE (x.starts_at IS NULL OR x.starts_at <= r.as_of) AND (x.ends_at IS NULL OR x.ends_at >= r.period_from)
