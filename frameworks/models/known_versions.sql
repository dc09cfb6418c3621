-- One version or hash of a component, or of what was approved as a whole.
-- view
SELECT actor_id, type, component_id, name, version, approved_at, ref
FROM components
WHERE version IS NOT NULL

UNION ALL

SELECT actor_id, type, component_id, name, hash, approved_at, ref
FROM components
WHERE hash IS NOT NULL

UNION ALL

SELECT actor_id, type, name, name, version, approved_at, ref
FROM snapshot_items
WHERE version IS NOT NULL AND type IN ('tool', 'model', 'component')
