-- One log source, and how much of the period it delivered.
-- step
WITH gaps AS (
  SELECT log_source, max(hours) AS hours
  FROM feed_gaps
  GROUP BY log_source
),

seen AS (
  SELECT
    x.log_source,
    x.every,
    x.share,
    x.declared,
    greatest(1, CASE x.every
      WHEN 'hour' THEN date_diff('hour', r.period_from, least(r.period_to, r.as_of))
      ELSE date_diff('day', r.period_from, least(r.period_to, r.as_of))
    END) AS expected,
    count(DISTINCT CASE x.every WHEN 'hour' THEN f.hour ELSE date_trunc('day', f.hour) END) AS seen,
    CAST(coalesce(sum(f.n), 0) AS BIGINT) AS n_events,
    min(f.first_at) AS first_at,
    max(f.last_at) AS last_at,
    coalesce(max(g.hours), 0) AS longest_gap_hours
  FROM feed_expectations AS x
  CROSS JOIN run AS r
  LEFT JOIN feed_hours AS f ON f.log_source = x.log_source
  LEFT JOIN gaps AS g ON g.log_source = x.log_source
  GROUP BY ALL
)

SELECT
  log_source,
  every,
  expected,
  seen,
  n_events,
  first_at,
  last_at,
  longest_gap_hours,
  expected > 0 AND seen * 100 >= expected * share AS alive,
  declared
FROM seen
