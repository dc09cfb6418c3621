-- One actor with credentials that were not revoked, and since when the oldest of them is unchanged: one that will expire does not
-- count as old, one without any date counts as the oldest.
-- part
SELECT
  c.actor_id,
  MIN(CASE
    WHEN c.expires_at >= r.as_of THEN r.as_of
    WHEN c.last_rotated_at IS NULL THEN TIMESTAMP '1970-01-01 00:00:00'
    ELSE c.last_rotated_at
  END) AS unchanged_since
FROM credentials AS c
CROSS JOIN run AS r
WHERE c.revoked_at IS NULL
GROUP BY c.actor_id
