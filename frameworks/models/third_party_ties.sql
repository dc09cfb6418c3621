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
  t.name,
  a.risk_tier,
  t.standing,
  t.tells_review,
  t.tells_owner,
  t.tells_scope,
  t.tells_fallback,
  t.tells_identity,
  t.last_review_at,
  t.review_due_at,
  t.scope,
  t.answerable,
  t.exit_plan,
  t.identity,
  s.last_at,
  t.ref
FROM third_party_records AS t
JOIN agents AS a ON a.actor_id = t.actor_id
LEFT JOIN seen AS s ON s.principal_id = t.identity
WHERE a.state IS NULL OR a.state <> 'retired'
