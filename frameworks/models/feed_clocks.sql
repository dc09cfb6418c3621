-- One log source, and how far its clock can be believed.
-- step
WITH told AS (
  SELECT
    log_source,
    min(oldest_at) AS oldest_at,
    CAST(sum(CASE WHEN is_act(event_class) THEN n_without_ingest ELSE 0 END) AS BIGINT) AS n_without_ingest
  FROM event_kinds
  GROUP BY log_source
),

received AS (
  SELECT log_source, CAST(sum(n) AS BIGINT) AS n, CAST(sum(n_late_clock) AS BIGINT) AS n_late_clock
  FROM log_arrivals
  WHERE delay IS NOT NULL
  GROUP BY log_source
),

shares AS (
  SELECT
    log_source,
    delay,
    sum(n) OVER (PARTITION BY log_source ORDER BY delay) AS upto,
    sum(n) OVER (PARTITION BY log_source) AS total
  FROM log_arrivals
  WHERE delay IS NOT NULL
),

delays AS (
  SELECT
    log_source,
    min(CASE WHEN upto * 2 >= total THEN delay END) AS median,
    min(CASE WHEN upto * 100 >= total * 95 THEN delay END) AS p95
  FROM shares
  GROUP BY log_source
),

minutes AS (
  SELECT
    log_source,
    minute,
    oldest_at,
    max(newest_at) OVER (
      PARTITION BY log_source ORDER BY minute ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS before_at
  FROM log_arrivals
  WHERE minute IS NOT NULL
),

-- Only where a minute received something much older than what came before it are its events counted one by one.
suspect AS (
  SELECT log_source, minute, before_at
  FROM minutes
  WHERE oldest_at < before_at - INTERVAL 120 SECOND
),

disorder AS (
  SELECT s.log_source, count(*) AS n
  FROM suspect AS s
  JOIN in_events AS e ON e.log_source = s.log_source AND minute_of(e.ingested_at) = s.minute
  WHERE e.occurred_at < s.before_at - INTERVAL 120 SECOND
  GROUP BY s.log_source
)

SELECT
  t.log_source,
  t.oldest_at,
  t.n_without_ingest,
  coalesce(r.n, 0) AS n_with_ingest,
  coalesce(r.n_late_clock, 0) AS n_late_clock,
  CAST(d.median AS BIGINT) AS median_delay_seconds,
  CAST(d.p95 AS BIGINT) AS p95_delay_seconds,
  coalesce(x.n, 0) AS n_out_of_order
FROM told AS t
LEFT JOIN received AS r ON r.log_source = t.log_source
LEFT JOIN delays AS d ON d.log_source = t.log_source
LEFT JOIN disorder AS x ON x.log_source = t.log_source
