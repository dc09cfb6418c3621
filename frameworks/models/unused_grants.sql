-- One right of an active agent that it has never used.
-- step
SELECT DISTINCT
  g.actor_id,
  g.type,
  g.name,
  g.purpose,
  g.effect,
  coalesce(g.privileged, FALSE) AS privileged,
  g.approved_at,
  g.ref
FROM grants AS g
JOIN agents AS a ON a.actor_id = g.actor_id
WHERE g.type IN ('tool', 'data', 'destination')
  AND coalesce(a.state, 'active') = 'active'
  AND NOT EXISTS (
    SELECT 1 FROM first_uses AS u
    WHERE u.agent_id = g.actor_id AND u.kind = g.type AND (
        u.name = g.name
        OR u.name LIKE CASE WHEN g.type = 'destination' THEN place_of(g.like_pattern) ELSE g.like_pattern END ESCAPE '!'
      )
  )
