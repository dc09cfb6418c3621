-- One minute in which a log received events, or one delay in seconds with which it did.
-- scratch
SELECT
  log_source,
  minute_of(ingested_at) AS minute,
  greatest(0, (delay_of(ingested_at, occurred_at) + 999999) // 1000000) AS delay,
  count(*) AS n,
  min(occurred_at) AS oldest_at,
  max(occurred_at) AS newest_at,
  count(CASE WHEN delay_of(ingested_at, occurred_at) < -120000000 THEN 1 END) AS n_late_clock
FROM in_events
WHERE ingested_at IS NOT NULL AND occurred_at IS NOT NULL
GROUP BY GROUPING SETS ((log_source, minute), (log_source, delay))
