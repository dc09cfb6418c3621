-- One silence of an hour or more inside the period, by log source.
-- log_source text: Log.
-- from_at time: Last event before the silence, or start of the period.
-- until_at time: First event after it, or end of the period.
-- hours int: Full hours between.
WITH bounds AS (
  SELECT log_source, first_at, last_at
  FROM feed_hours

  UNION ALL

  SELECT x.log_source, least(r.period_to, r.as_of), least(r.period_to, r.as_of)
  FROM feed_expectations AS x
  CROSS JOIN run AS r
),

log_silences AS (
  SELECT
    b.log_source,
    lag(b.last_at, 1, r.period_from) OVER (PARTITION BY b.log_source ORDER BY b.first_at, b.last_at) AS from_at,
    b.first_at AS until_at
  FROM bounds AS b
  CROSS JOIN run AS r
)

SELECT log_source, from_at, until_at, date_sub('hour', from_at, until_at) AS hours
FROM log_silences
WHERE date_sub('hour', from_at, until_at) >= 1
