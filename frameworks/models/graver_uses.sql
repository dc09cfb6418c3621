-- One successful use of a granted tool or data source with a graver effect than the grants tell.
-- agent_id text: Agent.
-- kind text: tool | data.
-- name text: Tool; of data, the grant that covers it.
-- granted text: Gravest effect of the grants that cover the use.
-- effect text: Effect that the log tells.
-- certain flag: FALSE: execute, which tells how it was called, not what it did.
-- in_window flag: Inside the period under review.
-- n_events int: Events, successful ones.
-- first_at time: First of them.
-- last_at time: Last of them.
-- last_ref text: file#record of the last.
-- of events
WITH uses AS (
  SELECT
    k.agent_id,
    'tool' AS kind,
    a.tool AS name,
    c.effect,
    a.purpose,
    a.in_window,
    CAST(sum(a.n_events) AS BIGINT) AS n_events,
    min(time_of(a.first_stamp)) AS first_at,
    max(time_of(a.last_stamp)) AS last_at,
    arg_max(ref_of(l.file, a.last_stamp), (time_of(a.last_stamp), ref_of(l.file, a.last_stamp))) AS last_ref
  FROM logged_activity AS a
  JOIN event_actors AS k ON k.who = a.who
  JOIN event_kinds AS c ON c.kind = a.kind
  JOIN parts AS l ON l.part = part_of(a.last_stamp)
  WHERE k.registered AND c.outcome = 'success' AND a.tool IS NOT NULL AND c.effect <> 'read'
  GROUP BY ALL

  UNION ALL

  SELECT
    agent_id,
    'data',
    data_source,
    effect,
    purpose,
    in_window,
    CAST(sum(n_events) AS BIGINT),
    min(first_at),
    max(last_at),
    arg_max(last_ref, (last_at, last_ref))
  FROM data_use
  WHERE registered AND outcome = 'success' AND event_class = 'data' AND data_source IS NOT NULL AND effect <> 'read'
  GROUP BY ALL
),

covered AS (
  SELECT
    u.agent_id,
    u.kind,
    u.name,
    u.effect,
    u.purpose,
    u.in_window,
    u.n_events,
    u.first_at,
    u.last_at,
    u.last_ref,
    count(*) = count(g.effect) AS is_told,
    arg_max(g.effect, (step_of(g.effect), g.effect)) AS granted
  FROM uses AS u
  JOIN grants AS g
    ON g.actor_id = u.agent_id AND g.type = u.kind AND holds_at(g.expires_at, u.last_at) AND same_purpose(g.purpose, u.purpose)
  WHERE u.name LIKE g.like_pattern ESCAPE '!'
    -- Of data also a narrower one, which perhaps covers what was touched.
    OR (u.kind = 'data' AND EXISTS (
      SELECT 1 FROM grants AS o
      WHERE o.actor_id = g.actor_id AND o.type = 'data' AND o.name = u.name AND g.name LIKE o.like_pattern ESCAPE '!'
    ))
  GROUP BY ALL
)

SELECT
  agent_id,
  kind,
  name,
  granted,
  effect,
  effect <> 'execute' AS certain,
  in_window,
  n_events,
  first_at,
  last_at,
  last_ref
FROM covered
WHERE is_told AND CASE WHEN effect = 'execute' THEN granted = 'read' ELSE step_of(effect) > step_of(granted) END
