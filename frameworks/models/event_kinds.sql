-- One combination of log, class, effect, data, environments, outcome and source that events name: what is counted by it is
-- counted by one number.
-- step
SELECT
  kind_of(
    log_source, event_class, effect, classification, environment, resource_environment, outcome, source
  ) AS kind,
  k.*
FROM (
  SELECT
    log_source,
    event_class,
    effect,
    classification,
    environment,
    resource_environment,
    outcome,
    source,
    min(occurred_at) AS oldest_at,
    count(CASE WHEN ingested_at IS NULL THEN occurred_at END) AS n_without_ingest
  FROM in_events
  GROUP BY ALL
) AS k
