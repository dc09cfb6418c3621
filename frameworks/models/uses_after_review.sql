-- One use of a right after a review decided to remove it, but for what another grant allows; or a later act of the
-- agent of which the log does not name what it used.
-- part
WITH used AS (
  SELECT o.actor_id, o.type, o.name, x.tool AS used, x.last_at, x.last_ref AS ref
  FROM review_orders AS o
  JOIN activity AS x ON x.agent_id = o.actor_id AND x.last_at > o.completed_at
  WHERE o.decision = 'remove' AND o.type = 'tool' AND x.outcome = 'success'
    AND x.tool LIKE pattern_of(o.name) ESCAPE '!'

  UNION ALL

  SELECT o.actor_id, o.type, o.name, e.resource, e.occurred_at, e.ref
  FROM review_orders AS o
  JOIN events AS e ON e.agent_id = o.actor_id AND e.occurred_at > o.completed_at
  WHERE o.decision = 'remove' AND o.type = 'data' AND e.outcome = 'success'
    AND e.resource LIKE pattern_of(o.name) ESCAPE '!'
)

SELECT u.actor_id, u.type, u.name, u.last_at, 0 AS n_unnamed, u.ref
FROM used AS u
WHERE NOT EXISTS (
    SELECT 1
    FROM grants AS g
    CROSS JOIN run AS r
    WHERE g.actor_id = u.actor_id AND g.type = u.type AND g.name <> u.name AND u.used LIKE g.like_pattern ESCAPE '!'
      AND (g.expires_at IS NULL OR g.expires_at > r.as_of)
  )

UNION ALL

SELECT o.actor_id, o.type, o.name, x.last_at, x.n_events, NULL
FROM review_orders AS o
JOIN activity AS x ON x.agent_id = o.actor_id AND x.last_at > o.completed_at
WHERE o.decision = 'remove' AND x.outcome = 'success'
  AND (
    (o.type = 'tool' AND x.tool IS NULL AND (x.event_class IS NULL OR x.event_class = 'tool'))
    OR (o.type = 'data' AND x.n_resource = 0 AND (x.event_class IS NULL OR x.event_class = 'data'))
  )
