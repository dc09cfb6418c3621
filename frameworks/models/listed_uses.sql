-- One actor of which a list tells that it was used: its role, its key, a right of it.
-- actor_id text: Actor.
-- last_at time: Last use up to the day of the report; empty: only a later one is told.
-- later_at time: Use after that day, which hides those before it.
-- ref text: file#record that tells the last.
SELECT
  coalesce(n.actor_id, w.actor_id) AS actor_id,
  max(CASE WHEN w.used_at <= r.as_of THEN w.used_at END) AS last_at,
  max(CASE WHEN w.used_at > r.as_of THEN w.used_at END) AS later_at,
  arg_max(w.ref, (w.used_at, w.ref)) AS ref
FROM last_accesses AS w
CROSS JOIN run AS r
LEFT JOIN known_names AS n ON n.alias = w.actor_id
WHERE w.used_at IS NOT NULL
GROUP BY coalesce(n.actor_id, w.actor_id)
