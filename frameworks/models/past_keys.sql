-- One credential, in no list, that an agent used in the period and that may have been its own then: directories and
-- stores show the keys of today. So does a register that holds no ended key, where a newer one may have taken its place.
-- agent_id text: Agent that used it.
-- name text: Its id in small letters.
-- credential_id text: The same as the log has it.
-- last_at time: Last use in the period.
-- of events
WITH used AS (
  SELECT agent_id, lower(trim(credential_id)) AS name, min(credential_id) AS credential_id, max(last_at) AS last_at
  FROM activity
  WHERE in_window AND registered AND outcome = 'success' AND credential_id IS NOT NULL AND NOT credential_is_intermediary
  GROUP BY ALL
),

listed AS (
  SELECT lower(trim(credential_id)) AS name FROM credentials
  UNION
  SELECT lower(trim(fingerprint)) FROM credentials
  UNION
  SELECT lower(trim(alias)) FROM aliases
),

held AS (
  SELECT actor_id, bool_or(coalesce(listed_in, 'register') = 'register') AS in_register, max(issued_at) AS newest_at
  FROM credentials
  GROUP BY actor_id
),

registers AS (
  SELECT count(*) AS n_keys, count(CASE WHEN c.ended_at <= r.as_of THEN 1 END) AS n_ended
  FROM credentials AS c
  CROSS JOIN run AS r
  WHERE coalesce(c.listed_in, 'register') = 'register'
)

SELECT u.agent_id, u.name, u.credential_id, u.last_at
FROM used AS u
CROSS JOIN registers AS r
LEFT JOIN held AS h ON h.actor_id = u.agent_id
WHERE u.name NOT IN (SELECT name FROM listed WHERE name IS NOT NULL)
  AND CASE
    WHEN h.in_register THEN r.n_ended = 0 AND h.newest_at > u.last_at
    ELSE h.actor_id IS NOT NULL OR r.n_keys = 0
  END
