-- One agent not retired that was at work in the period: since its first act or, where no log shows one, since its
-- activation. Of an agent in use that began before the period (is_older), the first day in it on which it was active.
-- An agent in use of which nothing is known has a row too.
-- part
WITH acted AS (
  SELECT
    x.agent_id,
    MIN(x.first_at) AS first_at,
    ARG_MIN(x.first_ref, moment(x.first_at, x.first_ref)) AS ref
  FROM activity AS x
  WHERE x.in_window AND x.outcome = 'success'
  GROUP BY x.agent_id
)

SELECT
  a.actor_id,
  a.policy_id,
  COALESCE(d.first_at, a.activated_at) AS started_at,
  COALESCE(d.ref, a.ref) AS ref,
  FALSE AS is_older
FROM agents AS a
CROSS JOIN run AS r
LEFT JOIN first_acts AS d ON d.agent_id = a.actor_id
WHERE (a.state IS NULL OR a.state <> 'retired') AND (
  (a.activated_at >= r.period_from AND a.activated_at < r.period_to)
  OR (a.activated_at IS NULL AND d.first_at >= r.period_from AND d.first_at < r.period_to)
  OR (a.activated_at IS NULL AND d.first_at IS NULL AND (a.state IS NULL OR a.state = 'active'))
)

UNION ALL

SELECT
  a.actor_id,
  a.policy_id,
  COALESCE(w.first_at, CASE WHEN a.state_since > r.period_from THEN a.state_since ELSE r.period_from END),
  COALESCE(w.ref, a.ref),
  TRUE
FROM agents AS a
CROSS JOIN run AS r
LEFT JOIN first_acts AS d ON d.agent_id = a.actor_id
LEFT JOIN acted AS w ON w.agent_id = a.actor_id
WHERE (a.state IS NULL OR a.state = 'active')
  AND (a.activated_at < r.period_from OR (a.activated_at IS NULL AND d.first_at < r.period_from))
