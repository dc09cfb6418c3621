-- One name that a record declares for an actor, in small letters: an identity (an agent's id, its identity, an alias of
-- either, or of such an alias), or a credential (its id or fingerprint) and when it ended. Keys that are not active are
-- aliases of their holder: since when is not told.
-- part
WITH told AS (
  SELECT a.actor_id, 'identity' AS kind, a.actor_id AS name, NULL AS ended_at
  FROM agents AS a

  UNION ALL

  SELECT a.actor_id, 'identity', a.principal_id, NULL
  FROM agents AS a

  UNION ALL

  SELECT a.actor_id, 'identity', n.alias, NULL
  FROM agents AS a
  JOIN aliases AS n ON n.actor_id = a.actor_id

  UNION ALL

  SELECT a.actor_id, 'identity', n.alias, NULL
  FROM agents AS a
  JOIN aliases AS n ON n.actor_id = a.principal_id

  UNION ALL

  SELECT a.actor_id, 'identity', n.alias, NULL
  FROM agents AS a
  JOIN aliases AS m ON m.actor_id = a.actor_id OR m.actor_id = a.principal_id
  JOIN aliases AS n ON n.actor_id = m.alias

  UNION ALL

  SELECT a.actor_id, 'credential', n.alias, NULL
  FROM agents AS a
  JOIN aliases AS n ON n.actor_id = a.actor_id

  UNION ALL

  SELECT a.actor_id, 'credential', n.alias, NULL
  FROM agents AS a
  JOIN aliases AS n ON n.actor_id = a.principal_id

  UNION ALL

  SELECT c.actor_id, 'credential', c.credential_id, c.ended_at
  FROM credentials AS c

  UNION ALL

  SELECT c.actor_id, 'credential', c.fingerprint, c.ended_at
  FROM credentials AS c
)

SELECT t.actor_id, t.kind, LOWER(TRIM(t.name)) AS name, MIN(t.ended_at) AS ended_at
FROM told AS t
WHERE t.name IS NOT NULL
GROUP BY t.actor_id, t.kind, LOWER(TRIM(t.name))
