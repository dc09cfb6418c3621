-- One model of an active agent, or its prompt, whose version is not recorded. unversioned: neither a model nor
-- a prompt is.
-- part
SELECT
  c.actor_id,
  'model_unversioned' AS fault,
  c.component_id AS id,
  COALESCE(c.name, c.component_id) AS name,
  c.ref
FROM components AS c
JOIN agents AS a ON a.actor_id = c.actor_id
WHERE c.type = 'model' AND c.version IS NULL AND (a.state IS NULL OR a.state = 'active')

UNION ALL

SELECT
  a.actor_id,
  CASE
    WHEN a.actor_id IN (SELECT m.actor_id FROM components AS m WHERE m.type = 'model') THEN 'prompt_unversioned'
    ELSE 'unversioned'
  END,
  NULL,
  NULL,
  a.ref
FROM agents AS a
WHERE a.prompt_version IS NULL AND (a.state IS NULL OR a.state = 'active')
