-- One tool that an agent of a list used with success in the period before the first grant of it on record. Lists show the
-- grants of today: an earlier one may have covered the use.
-- part
WITH uses AS (
  SELECT
    x.agent_id,
    x.tool,
    x.purpose,
    MIN(x.first_at) AS first_at,
    ARG_MIN(x.first_ref, moment(x.first_at, x.first_ref)) AS ref
  FROM activity AS x
  WHERE x.in_window AND x.registered AND x.outcome = 'success' AND x.tool IS NOT NULL
  GROUP BY x.agent_id, x.tool, x.purpose
)

SELECT u.agent_id, u.tool, u.purpose, u.first_at, u.ref, MIN(g.granted_at) AS granted_at
FROM uses AS u
JOIN dated_grants AS g
  ON g.actor_id = u.agent_id AND g.type = 'tool' AND u.tool LIKE g.like_pattern ESCAPE '!'
  AND same_purpose(g.purpose, u.purpose)
LEFT JOIN past_rights AS p
  ON p.actor_id = u.agent_id AND p.type = 'tool' AND u.tool LIKE p.like_pattern ESCAPE '!'
  AND p.until_at >= u.first_at AND (p.since_at IS NULL OR p.since_at <= u.first_at)
WHERE p.actor_id IS NULL
GROUP BY u.agent_id, u.tool, u.purpose, u.first_at, u.ref
HAVING COUNT(*) = COUNT(CASE WHEN is_before(u.first_at, g.granted_at) THEN 1 END)
