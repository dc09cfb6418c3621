-- One exception that held in the period or may have, and what who approved it is; without a kind where no directory
-- tells.
-- part
SELECT
  x.exception_id,
  x.actor_id,
  x.reason,
  x.requester_id,
  x.approver_id,
  h.actor_id IS NOT NULL AS is_known,
  h.kind AS approver_kind,
  x.starts_at,
  x.ends_at,
  x.compensating,
  x.ref
FROM exceptions AS x
CROSS JOIN run AS r
LEFT JOIN actors AS h ON h.actor_id = x.approver_id
WHERE (x.starts_at IS NULL OR x.starts_at <= r.as_of) AND (x.ends_at IS NULL OR x.ends_at >= r.period_from)
