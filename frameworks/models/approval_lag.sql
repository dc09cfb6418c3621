-- One first use of the period, and when a person decided on it.
-- agent_id text: Actor.
-- kind text: tool | data | destination.
-- name text: What was used; of data, the grant that covers it.
-- first_at time: First successful use.
-- first_ref text: file#record of it.
-- decided_at time: First decision: approval, refusal, review, alert acted on; empty: none.
-- days int: Days from the first use to the decision; 0: decided before.
-- of events
-- as in events
WITH decisions AS (
  SELECT actor_id, type, like_pattern, purpose, approved_at AS decided_at, expires_at AS upto_at
  FROM all_approvals
  WHERE type <> 'activation'

  UNION ALL

  SELECT actor_id, type, like_pattern, purpose, greatest(granted_at, recorded_at), granted_at
  FROM approvals
  WHERE decision = 'rejected'

  UNION ALL

  SELECT actor_id, NULL, NULL, NULL, completed_at, least(completed_at, snapshot_at)
  FROM reviews

  UNION ALL

  SELECT l.actor_id, NULL, NULL, NULL, l.acted_at, l.raised_at
  FROM alerts AS l
  LEFT JOIN actors AS p ON p.actor_id = l.acted_by
  WHERE p.kind IS NULL OR p.kind = 'human'
),

fresh AS MATERIALIZED (
  SELECT u.*, row_number() OVER () AS number
  FROM first_uses AS u
  CROSS JOIN run AS r
  WHERE is_within(u.first_at, r.period_from, r.period_to)
),

-- What says nothing of what was first used later, such as a refusal or an expiry, has a moment up to which it counts.
first_decisions AS (
  SELECT f.number, min(d.decided_at) AS decided_at
  FROM fresh AS f
  JOIN decisions AS d
    ON d.actor_id = f.agent_id AND holds_at(d.upto_at, f.first_at)
    AND (
      d.type IS NULL
      OR (d.type IN (f.kind, 'change') AND f.name LIKE d.like_pattern ESCAPE '!' AND same_purpose(d.purpose, f.purpose))
    )
  CROSS JOIN run AS r
  WHERE d.decided_at <= r.as_of
  GROUP BY f.number
)

SELECT
  f.agent_id,
  f.kind,
  f.name,
  f.first_at,
  f.first_ref,
  d.decided_at,
  CASE WHEN d.decided_at IS NOT NULL THEN greatest(0, date_diff('day', f.first_at, d.decided_at)) END AS days
FROM fresh AS f
LEFT JOIN first_decisions AS d ON d.number = f.number
