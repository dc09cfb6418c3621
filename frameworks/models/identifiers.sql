-- One id, principal or credential, and the actor that it stands for.
-- step
WITH principals AS (
  SELECT DISTINCT r.principal_id, m.actor_id, m.kind, m.is_intermediary
  FROM actor_rows AS r
  JOIN actors AS m ON m.actor_id = r.actor_id
  WHERE r.principal_id IS NOT NULL AND r.principal_id NOT IN (SELECT alias FROM same_as)
),

keys AS (
  SELECT c.credential_id, c.actor_id, a.kind, a.is_intermediary
  FROM credentials AS c
  LEFT JOIN actors AS a ON a.actor_id = c.actor_id
)

SELECT 'id' AS how, actor_id AS name, actor_id AS stands_for, FALSE AS is_gate, kind
FROM actors

UNION ALL

SELECT h.how, x.alias, x.actor_id, FALSE, NULL
FROM same_as AS x
CROSS JOIN (VALUES ('id'), ('principal')) AS h (how)
WHERE x.alias NOT IN (SELECT actor_id FROM actors)

UNION ALL

SELECT 'principal', principal_id, only_one(actor_id), is_gateway(is_intermediary, kind), only_one(kind)
FROM principals
GROUP BY principal_id

UNION ALL

-- Who is listed by the name that the log gives as identity: a person by a mail address, an account by its name.
SELECT 'principal', a.actor_id, a.actor_id, coalesce(a.is_intermediary, FALSE), a.kind
FROM actors AS a
WHERE a.actor_id NOT IN (SELECT alias FROM same_as)
  AND NOT EXISTS (SELECT 1 FROM actor_rows AS r WHERE r.principal_id = a.actor_id)

UNION ALL

SELECT 'credential', credential_id, only_one(actor_id), is_gateway(is_intermediary, kind), only_one(kind)
FROM keys
GROUP BY credential_id
