-- One agent that acts and is in no register.
-- step
SELECT agent_id AS actor_id, 'agent' AS kind, FALSE AS registered, 0 AS n_records
FROM event_actors
WHERE logged AND NOT registered AND actor_kind = 'agent' AND agent_id IS NOT NULL
  AND agent_id NOT IN (SELECT actor_id FROM actors)
GROUP BY agent_id
