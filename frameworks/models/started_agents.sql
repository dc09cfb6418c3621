-- One agent that another set to work in the period with no person or schedule behind it, or spawned.
-- part
SELECT d.root_id AS agent_id, d.agent_id AS set_id, NULL AS spawned_id, d.first_at, d.first_ref AS ref
FROM delegation_chains AS d
WHERE d.in_window AND d.broken IS NULL AND d.root_kind = 'agent' AND d.agent_id <> d.root_id

UNION ALL

SELECT
  c.parent_id AS agent_id,
  NULL AS set_id,
  c.actor_id AS spawned_id,
  MIN(x.first_at) AS first_at,
  ARG_MIN(x.first_ref, moment(x.first_at, x.first_ref)) AS ref
FROM agents AS c
JOIN activity AS x ON x.agent_id = c.actor_id
WHERE x.in_window AND x.outcome = 'success' AND c.parent_id IS NOT NULL
GROUP BY c.parent_id, c.actor_id
