-- One day on which a log shows an identity; heartbeats left out.
-- step
SELECT
  e.log_source,
  e.who,
  CAST(e.occurred_at AS DATE) AS day,
  count(*) AS n,
  count(CASE WHEN e.outcome = 'denied' THEN 1 END) AS n_denied,
  min(e.occurred_at) AS first_at,
  max(e.occurred_at) AS last_at
FROM dated_acts AS e
GROUP BY ALL
