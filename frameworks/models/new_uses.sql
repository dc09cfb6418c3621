-- One tool, data source or destination that an agent used for the first time in the period, and the latest of the
-- approvals that its uses needed; a destination counts only where more than reading was done, or may have been.
-- part
WITH known AS (
  SELECT
    u.agent_id,
    u.kind,
    u.name,
    MIN(u.first_at) AS first_at,
    MIN(CASE WHEN u.purpose IS NULL THEN u.first_at END) AS unnamed_at
  FROM first_uses AS u
  GROUP BY u.agent_id, u.kind, u.name
)

SELECT
  u.agent_id,
  u.kind,
  u.name,
  MIN(u.first_at) AS first_at,
  MAX(COALESCE(u.approved_at, r.as_of + INTERVAL 1 DAY)) AS approved_at,
  MIN(CASE WHEN u.kind = 'destination' AND u.changes_state IS NULL THEN 1 ELSE 0 END) AS unclear,
  ARG_MIN(u.first_ref, moment(u.first_at, u.first_ref)) AS ref
FROM first_uses AS u
CROSS JOIN run AS r
JOIN known AS k ON k.agent_id = u.agent_id AND k.kind = u.kind AND k.name = u.name
WHERE u.first_at >= r.period_from AND u.first_at < r.period_to
  AND (u.kind <> 'destination' OR u.changes_state IS NULL OR u.changes_state)
  AND (u.purpose IS NOT NULL OR k.first_at >= r.period_from)
  AND (k.unnamed_at IS NULL OR k.unnamed_at >= r.period_from)
GROUP BY u.agent_id, u.kind, u.name
