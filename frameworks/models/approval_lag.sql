-- One first use of the period, and how often it was repeated before a person decided on it.
-- agent_id text: Actor.
-- kind text: tool | data | destination.
-- name text: What was used; of data, the grant that covers it.
-- first_at time: First successful use.
-- first_ref text: file#record of it.
-- decided_at time: First decision: approval, refusal, review, alert acted on; empty: none.
-- days int: Days from the first use to the decision; 0: decided before.
-- n_meanwhile int: Further successful uses before that decision, or until now.
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
),

decided AS MATERIALIZED (
  SELECT f.*, d.decided_at
  FROM fresh AS f
  LEFT JOIN first_decisions AS d ON d.number = f.number
),

-- Only where the decision fell between the first use and the last are events counted one by one.
pending AS MATERIALIZED (
  SELECT d.*, k.who
  FROM decided AS d
  JOIN event_actors AS k ON k.agent_id = d.agent_id
  WHERE d.decided_at > d.first_at AND d.decided_at <= d.last_at
),

patterns AS (
  SELECT p.number, p.who, p.decided_at, list(g.like_pattern) AS patterns
  FROM pending AS p
  JOIN grants AS g ON g.actor_id = p.agent_id AND g.type = 'data' AND g.name = p.name
  WHERE p.kind = 'data'
  GROUP BY p.number, p.who, p.decided_at
),

-- A branch for each kind, so that each joins by what it compares: as one condition, each event met all uses of its agent.
meanwhile AS (
  SELECT number, count(*) AS n
  FROM (
    SELECT p.number
    FROM pending AS p
    JOIN in_events AS e ON e.who = p.who AND e.tool = p.name
    WHERE p.kind = 'tool' AND e.purpose IS NOT DISTINCT FROM p.purpose
      AND e.outcome = 'success' AND is_act(e.event_class) AND e.occurred_at < p.decided_at

    UNION ALL

    SELECT p.number
    FROM pending AS p
    JOIN in_events AS e ON e.who = p.who
    WHERE p.kind = 'destination' AND e.purpose IS NOT DISTINCT FROM p.purpose
      AND list_contains(string_split(e.destination, '; '), p.name)
      AND e.outcome = 'success' AND is_act(e.event_class) AND e.occurred_at < p.decided_at

    UNION ALL

    SELECT p.number
    FROM patterns AS p
    JOIN in_events AS e ON e.who = p.who
    WHERE list_contains(list_transform(p.patterns, lambda x: e.resource LIKE x ESCAPE '!'), TRUE)
      AND e.outcome = 'success' AND is_act(e.event_class) AND e.occurred_at < p.decided_at
  ) AS counted
  GROUP BY number
)

SELECT
  d.agent_id,
  d.kind,
  d.name,
  d.first_at,
  d.first_ref,
  d.decided_at,
  CASE WHEN d.decided_at IS NOT NULL THEN greatest(0, date_diff('day', d.first_at, d.decided_at)) END AS days,
  CASE WHEN d.decided_at <= d.first_at THEN 0 ELSE coalesce(m.n, d.n_events) - 1 END AS n_meanwhile
FROM decided AS d
LEFT JOIN meanwhile AS m ON m.number = d.number
