-- One third party that holds access of an agent not retired: how much depends on it, and when a log of the period last
-- showed its identity.
-- part
WITH seen AS (
  SELECT COALESCE(x.principal_id, x.agent_id) AS principal_id, MAX(x.last_at) AS last_at
  FROM activity AS x
  WHERE x.in_window
  GROUP BY COALESCE(x.principal_id, x.agent_id)
)

SELECT
  t.third_party_id,
  COALESCE(t.name, t.third_party_id) AS name,
  a.risk_tier,
  t.reviewed_at,
  t.scopes,
  t.owner_id,
  t.fallback,
  t.principal_id,
  s.last_at,
  t.ref
FROM third_parties AS t
JOIN agents AS a ON a.actor_id = t.actor_id
LEFT JOIN seen AS s ON s.principal_id = t.principal_id
WHERE a.state IS NULL OR a.state <> 'retired'
