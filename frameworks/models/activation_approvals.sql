-- One agent whose activation was approved: when, and if that held when it began. An agent begins with its first act,
-- credential or activation. Where no approval held then, the first is told, and when the last of them ended.
-- part
WITH begun AS (
  SELECT a.actor_id, LEAST(d.first_at, i.issued_at, a.activated_at) AS first_at
  FROM agents AS a
  LEFT JOIN first_issues AS i ON i.actor_id = a.actor_id
  LEFT JOIN first_acts AS d ON d.agent_id = a.actor_id
)

SELECT
  p.actor_id,
  COALESCE(MIN(CASE WHEN holds_at(p.expires_at, b.first_at) THEN p.approved_at END), MIN(p.approved_at)) AS approved_at,
  MAX(CASE WHEN holds_at(p.expires_at, b.first_at) OR b.first_at IS NULL THEN 1 ELSE 0 END) = 1 AS is_held,
  MAX(CASE WHEN holds_at(p.perhaps_until, b.first_at) THEN 1 ELSE 0 END) = 1 AS may_be_held,
  MAX(p.perhaps_until) AS ended_at
FROM all_approvals AS p
JOIN begun AS b ON b.actor_id = p.actor_id
WHERE p.type = 'activation'
GROUP BY p.actor_id
