-- One model of an active agent whose version is not recorded (fault), or an active agent without a model on record (gap).
-- part
SELECT
  c.actor_id,
  'model_unversioned' AS fault,
  NULL AS gap,
  COALESCE(c.name, c.component_id) AS name,
  '1' || c.component_id AS place,
  c.ref
FROM components AS c
JOIN agents AS a ON a.actor_id = c.actor_id
WHERE c.type = 'model' AND c.version IS NULL AND (a.state IS NULL OR a.state = 'active')

UNION ALL

SELECT a.actor_id, NULL, 'no_model', NULL, '0', a.ref
FROM agents AS a
WHERE (a.state IS NULL OR a.state = 'active')
  AND a.actor_id NOT IN (SELECT m.actor_id FROM components AS m WHERE m.type = 'model')
