-- One version or hash of a component, or of what was approved as a whole.
-- actor_id text: Agent.
-- type text: As in components; a snapshot gives tool, model or component.
-- component_id text: Namespaced id; of a snapshot's item, its name.
-- name text: Short name.
-- version text: Version or hash.
-- approved_at time: When it was approved.
-- ref text: file#record.
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
