-- One tool, data source or destination that an agent used, whatever the purpose: since when, if approved before, and how many
-- of its uses nobody looked into: an incident, review or alert from before the first use did not see it.
-- part
WITH uses AS (
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
)

SELECT
  u.agent_id, u.kind, u.name, u.first_at, u.approved, u.n_events, u.ref,
  CASE WHEN l.made_at >= u.first_at THEN 0 ELSE u.n_events END AS n_unseen
FROM uses AS u
LEFT JOIN last_inquiries AS l ON l.agent_id = u.agent_id
