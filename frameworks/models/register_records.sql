-- One agent of the register: how many records it has, another id that is the same but for case and blanks, and, as a
-- word each, what its record lacks.
-- part
WITH records AS (
  SELECT
    a.actor_id,
    a.n_records,
    CASE WHEN a.owner_id IS NULL THEN 'owner' END AS owner,
    CASE WHEN a.purpose IS NULL THEN 'purpose' END AS purpose,
    CASE WHEN a.principal_id IS NULL THEN 'principal' END AS principal,
    CASE WHEN a.environment IS NULL THEN 'environment' END AS environment,
    CASE WHEN a.autonomy IS NULL THEN 'autonomy' END AS autonomy,
    CASE WHEN a.state IS NULL THEN 'state' END AS state,
    CASE WHEN a.tools_listed THEN NULL ELSE 'tools' END AS tools,
    CASE WHEN a.data_listed THEN NULL ELSE 'data' END AS data,
    CASE WHEN a.created_at IS NULL THEN 'created' END AS created,
    a.ref
  FROM agents AS a
  WHERE a.registered
),

twins AS (
  -- Letters that only look alike (a Cyrillic a) stay different: plain SQL cannot tell them from the others.
  SELECT a.actor_id, MIN(o.actor_id) AS twin
  FROM agents AS a
  JOIN agents AS o ON is_same(o.actor_id, a.actor_id) AND o.actor_id <> a.actor_id
  WHERE o.registered
  GROUP BY a.actor_id
)

SELECT
  k.actor_id,
  k.n_records,
  t.twin,
  COALESCE(
    k.owner, k.purpose, k.principal, k.environment, k.autonomy, k.state, k.tools, k.data, k.created
  ) IS NULL AS is_complete,
  k.owner,
  k.purpose,
  k.principal,
  k.environment,
  k.autonomy,
  k.state,
  k.tools,
  k.data,
  k.created,
  k.ref
FROM records AS k
LEFT JOIN twins AS t ON t.actor_id = k.actor_id
