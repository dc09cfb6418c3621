-- One tool, data source or destination that an agent used, whatever the purpose: since when, and if approved before.
-- part
SELECT
  f.agent_id,
  f.kind,
  f.name,
  MIN(f.first_at) AS first_at,
  MAX(CASE WHEN f.approved_at <= f.first_at THEN 1 ELSE 0 END) = 1 AS approved,
  SUM(f.n_events) AS n_events,
  ARG_MIN(f.first_ref, moment(f.first_at, f.first_ref)) AS ref
FROM first_uses AS f
GROUP BY f.agent_id, f.kind, f.name
