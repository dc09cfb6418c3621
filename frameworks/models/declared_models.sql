-- One model that an agent in use declares, and what its record lacks: no_supplier, no_name, no_version.
-- part
SELECT
  c.actor_id,
  COALESCE(c.name, c.component_id) AS model,
  c.version,
  c.pinned,
  c.reviewed_at,
  CASE
    WHEN c.vendor IS NULL THEN 'no_supplier'
    WHEN c.name IS NULL THEN 'no_name'
    WHEN c.version IS NULL THEN 'no_version'
  END AS gap,
  c.ref,
  MIN(c.ref) OVER (PARTITION BY c.actor_id) AS first_ref
FROM components AS c
JOIN agents AS a ON a.actor_id = c.actor_id
WHERE c.type = 'model' AND (a.state IS NULL OR a.state = 'active')
