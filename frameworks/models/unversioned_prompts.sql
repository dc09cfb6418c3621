-- One active agent the version of whose prompt is not recorded: a fault where a model is on record, which a prompt steers,
-- and otherwise a gap.
-- part
SELECT
  a.actor_id,
  CASE WHEN m.actor_id IS NOT NULL THEN 'prompt_unversioned' END AS fault,
  CASE WHEN m.actor_id IS NULL THEN 'no_prompt' END AS gap,
  '0' AS place,
  a.ref
FROM agents AS a
LEFT JOIN modelled_agents AS m ON m.actor_id = a.actor_id
WHERE a.prompt_version IS NULL AND (a.state IS NULL OR a.state = 'active')
