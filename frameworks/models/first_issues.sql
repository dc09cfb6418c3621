-- One actor with credentials: which was issued first and when, and how many have no date of issue in any list.
-- part
WITH issued AS (
  SELECT
    c.actor_id,
    c.credential_id,
    MIN(c.issued_at) AS issued_at,
    ARG_MIN(c.ref, moment(c.issued_at, c.ref)) AS ref
  FROM credentials AS c
  GROUP BY c.actor_id, c.credential_id
)

SELECT
  i.actor_id,
  MIN(i.issued_at) AS issued_at,
  ARG_MIN(i.credential_id, moment(i.issued_at, i.credential_id)) AS credential_id,
  ARG_MIN(i.ref, moment(i.issued_at, i.credential_id)) AS ref,
  COUNT(CASE WHEN i.issued_at IS NULL THEN 1 END) AS n_undated
FROM issued AS i
GROUP BY i.actor_id
