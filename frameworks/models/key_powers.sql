-- One actor with credentials that have not ended, and the most that one of them can do: 2 privileged, 1 not recorded, 0 ordinary.
-- part
SELECT
  c.actor_id,
  MAX(CASE WHEN c.privileged THEN 2 WHEN c.privileged IS NULL THEN 1 ELSE 0 END) AS power
FROM credentials AS c
CROSS JOIN run AS r
WHERE c.ended_at IS NULL OR c.ended_at > r.as_of
GROUP BY c.actor_id
