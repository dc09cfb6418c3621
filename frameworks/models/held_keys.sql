-- One credential that an agent not retired holds and nobody revoked; of several records of it the longest span and the
-- greatest power.
-- part
SELECT
  c.credential_id,
  spelled(MIN(c.type)) AS type,
  MIN(c.issued_at) AS issued_at,
  MAX(c.expires_at) AS expires_at,
  MAX(c.last_rotated_at) AS last_rotated_at,
  MIN(CASE WHEN c.rotation_days > 0 THEN c.rotation_days END) AS rotation_days,
  MAX(CASE WHEN c.privileged THEN 1 WHEN NOT c.privileged THEN 0 END) AS privileged,
  MIN(c.ref) AS ref
FROM credentials AS c
JOIN agents AS a ON a.actor_id = c.actor_id
CROSS JOIN run AS r
WHERE (a.state IS NULL OR a.state <> 'retired') AND (c.revoked_at IS NULL OR c.revoked_at > r.as_of)
GROUP BY c.credential_id
