-- One agent not retired that began to work in the period: since its first act or, where no log shows one, its
-- activation. An agent in use of which neither is known has a row too.
-- part
SELECT
  a.actor_id,
  a.policy_id,
  COALESCE(d.first_at, a.activated_at) AS started_at,
  COALESCE(d.ref, a.ref) AS ref
FROM agents AS a
CROSS JOIN run AS r
LEFT JOIN first_acts AS d ON d.agent_id = a.actor_id
WHERE (a.state IS NULL OR a.state <> 'retired') AND (
  (a.activated_at >= r.period_from AND a.activated_at < r.period_to)
  OR (a.activated_at IS NULL AND d.first_at >= r.period_from AND d.first_at < r.period_to)
  OR (a.activated_at IS NULL AND d.first_at IS NULL AND (a.state IS NULL OR a.state = 'active'))
)
