-- One holder of secrets that a store keeps and no other list names for it: how many, and the first of them.
-- part
SELECT
  s.actor_id,
  COUNT(DISTINCT s.id) AS n,
  MIN(s.id) AS first_id,
  ARG_MIN(s.ref, s.id) AS ref
FROM listings AS s
WHERE s.kind = 'credential' AND s.listed_in = 'secret_store'
  AND NOT EXISTS (
    SELECT 1
    FROM listings AS k
    WHERE k.kind = 'credential' AND k.listed_in <> 'secret_store' AND k.actor_id = s.actor_id AND is_same(k.id, s.id)
  )
GROUP BY s.actor_id
