-- One thing that an agent is made of now: a right that holds, a component, its prompt, its autonomy or a limit.
-- Rights have no version.
-- part
SELECT
  g.actor_id,
  g.type,
  g.name,
  g.name AS id,
  NULL AS version,
  FALSE AS has_version,
  MIN(g.ref) AS ref
FROM grants AS g
CROSS JOIN run AS r
WHERE g.expires_at IS NULL OR g.expires_at > r.as_of
GROUP BY g.actor_id, g.type, g.name

UNION ALL

SELECT
  c.actor_id,
  CASE WHEN c.type = 'model' THEN 'model' ELSE 'component' END,
  COALESCE(c.name, c.component_id),
  c.component_id,
  c.version,
  TRUE,
  c.ref
FROM components AS c

UNION ALL

SELECT
  s.actor_id,
  CASE s.name WHEN 'prompt_version' THEN 'prompt' WHEN 'autonomy' THEN 'autonomy' ELSE 'limit' END,
  CASE s.name WHEN 'prompt_version' THEN 'version' ELSE s.name END,
  s.name,
  s.value,
  TRUE,
  s.ref
FROM settings AS s
WHERE s.name IN ('prompt_version', 'autonomy') OR s.name LIKE 'max!_%' ESCAPE '!'
