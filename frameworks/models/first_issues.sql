-- One actor with credentials: which was issued first and when, and how many have no date of issue.
-- part
SELECT
  c.actor_id,
  MIN(c.issued_at) AS issued_at,
  ARG_MIN(c.credential_id, moment(c.issued_at, c.credential_id)) AS credential_id,
  ARG_MIN(c.ref, moment(c.issued_at, c.credential_id)) AS ref,
  COUNT(CASE WHEN c.issued_at IS NULL THEN 1 END) AS n_undated
FROM credentials AS c
GROUP BY c.actor_id
