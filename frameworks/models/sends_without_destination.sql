-- One agent of a list that made calls in the period which may send outside, by tools that never name where to.
-- part
SELECT x.agent_id, SUM(x.n_events) AS n_events
FROM activity AS x
WHERE x.in_window AND x.registered AND x.outcome = 'success'
  AND (
    (x.tool IS NULL AND (x.event_class IS NULL OR x.event_class = 'tool'))
    OR EXISTS (
      SELECT 1
      FROM grants AS g
      WHERE g.actor_id = x.agent_id AND g.type = 'tool' AND g.outbound AND x.tool LIKE g.like_pattern ESCAPE '!'
    )
  )
  AND NOT EXISTS (
    SELECT 1
    FROM reach AS u
    WHERE u.agent_id = x.agent_id AND u.tool IS NOT DISTINCT FROM x.tool AND u.outcome = 'success'
  )
GROUP BY x.agent_id
