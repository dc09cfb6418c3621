-- One version of a tool or model that ran with success. Reading it does not make a check an event check.
-- agent_id text: Actor.
-- registered flag: That actor is in the register.
-- in_window flag: Inside the period under review.
-- kind text: tool | model.
-- name text: Tool; of models, empty.
-- version text: Version or hash, as the log gives it.
-- first_at time: First of them.
-- last_at time: Last of them.
-- first_ref text: file#record of the first.
WITH ran AS (
  SELECT
    e.who,
    'tool' AS kind,
    e.tool AS name,
    e.tool_version AS version,
    e.in_window,
    e.stamp
  FROM dated_acts AS e
  WHERE e.outcome = 'success' AND e.tool_version IS NOT NULL

  UNION ALL

  SELECT
    e.who,
    'model',
    NULL,
    e.model_version,
    e.in_window,
    e.stamp
  FROM dated_acts AS e
  WHERE e.outcome = 'success' AND e.model_version IS NOT NULL
),

counted AS (
  SELECT who, kind, name, version, in_window, min(stamp) AS first_stamp, max(stamp) AS last_stamp
  FROM ran
  GROUP BY ALL
),

resolved AS (
  SELECT
    k.agent_id,
    k.registered,
    c.in_window,
    c.kind,
    c.name,
    c.version,
    min(c.first_stamp) AS first_stamp,
    max(c.last_stamp) AS last_stamp
  FROM counted AS c
  JOIN event_actors AS k ON k.who = c.who
  GROUP BY ALL
)

SELECT
  c.agent_id,
  c.registered,
  c.in_window,
  c.kind,
  c.name,
  c.version,
  time_of(c.first_stamp) AS first_at,
  time_of(c.last_stamp) AS last_at,
  ref_of(f.file, c.first_stamp) AS first_ref
FROM resolved AS c
JOIN parts AS f ON f.part = part_of(c.first_stamp)
