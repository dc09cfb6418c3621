-- One agent in one log, and on how many days of the period it is seen there; a log that should show it and does not, shows it on none.
-- step
WITH days AS (
  SELECT
    k.agent_id AS actor_id,
    d.log_source,
    d.day,
    sum(d.n) AS n,
    min(d.first_at) AS first_at,
    max(d.last_at) AS last_at
  FROM seen_days AS d
  JOIN event_actors AS k ON k.who = d.who
  CROSS JOIN run AS r
  WHERE k.agent_kind = 'agent' AND k.agent_id IS NOT NULL
    AND d.day >= CAST(r.period_from AS DATE) AND d.day < least(r.period_to, r.as_of)
  GROUP BY k.agent_id, d.log_source, d.day
),

spans AS (
  SELECT
    d.*,
    date_diff('day', lag(d.day, 1, CAST(r.period_from AS DATE) - 1) OVER (
      PARTITION BY d.actor_id, d.log_source ORDER BY d.day
    ), d.day) - 1 AS quiet
  FROM days AS d
  CROSS JOIN run AS r
),

named AS (
  SELECT l.actor_id, l.log_source
  FROM actor_log_sources AS l
  JOIN agents AS a ON a.actor_id = l.actor_id

  UNION

  SELECT actor_id, log_source
  FROM days
),

period AS (
  SELECT
    CAST(period_from AS DATE) AS start_day,
    greatest(1, date_diff('day', period_from, least(period_to, as_of))) AS n_days
  FROM run
)

SELECT
  m.actor_id,
  m.log_source,
  any_value(p.n_days) AS expected_days,
  count(s.day) AS seen_days,
  greatest(
    coalesce(max(s.quiet), 0),
    any_value(p.n_days) - coalesce(date_diff('day', any_value(p.start_day), max(s.day)) + 1, 0)
  ) AS longest_gap_days,
  CAST(coalesce(sum(s.n), 0) AS BIGINT) AS n_events,
  min(s.first_at) AS first_at,
  max(s.last_at) AS last_at
FROM named AS m
CROSS JOIN period AS p
LEFT JOIN spans AS s ON s.actor_id = m.actor_id AND s.log_source = m.log_source
GROUP BY m.actor_id, m.log_source
