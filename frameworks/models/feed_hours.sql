-- One hour of the period in which a log delivered.
-- step
SELECT
  e.log_source,
  date_trunc('hour', e.occurred_at) AS hour,
  count(*) AS n,
  count(CASE WHEN is_act(e.event_class) THEN 1 END) AS n_busy,
  min(e.occurred_at) AS first_at,
  max(e.occurred_at) AS last_at
FROM in_events AS e
WHERE e.occurred_at >= period_from() AND e.occurred_at < least(period_to(), as_of())
GROUP BY ALL
