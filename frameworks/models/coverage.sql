-- One agent in one log, and on how many days of the period it is seen there; a log that should show it and does not, shows it on none.
-- step
WITH days AS (
  SELECT
    k.agent_id AS actor_id,
    d.log_source,
    list_sort(list_distinct(list(date_diff('day', r.period_from, d.day)))) AS days,
    sum(d.n) AS n,
    min(d.first_at) AS first_at,
    max(d.last_at) AS last_at
  FROM seen_days AS d
  JOIN event_actors AS k ON k.who = d.who
  CROSS JOIN run AS r
  WHERE k.agent_kind = 'agent' AND k.agent_id IS NOT NULL
    AND d.day >= CAST(r.period_from AS DATE) AND d.day < least(r.period_to, r.as_of)
  GROUP BY k.agent_id, d.log_source
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
  SELECT greatest(1, date_diff('day', period_from, least(period_to, as_of))) AS n_days
  FROM run
)

SELECT
  m.actor_id,
  m.log_source,
  p.n_days AS expected_days,
  coalesce(len(d.days), 0) AS seen_days,
  -- Between two days, before the first and after the last.
  greatest(
    coalesce(list_max(list_transform(range(1, len(d.days)), lambda x: d.days[x + 1] - d.days[x] - 1)), 0),
    coalesce(d.days[1], 0),
    p.n_days - coalesce(d.days[-1] + 1, 0)
  ) AS longest_gap_days,
  CAST(coalesce(d.n, 0) AS BIGINT) AS n_events,
  d.first_at,
  d.last_at
FROM named AS m
CROSS JOIN period AS p
LEFT JOIN days AS d ON d.actor_id = m.actor_id AND d.log_source = m.log_source
