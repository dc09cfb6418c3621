-- One dated event of something done, up to the date of the report: inside the period or not, its stamp and kind.
-- step
-- view
SELECT
  *,
  is_within(occurred_at, period_from(), period_to()) AS in_window,
  stamp_of(occurred_at, part, record) AS stamp,
  kind_of(
    log_source, event_class, effect, classification, environment, resource_environment, outcome, source
  ) AS kind
FROM in_events
WHERE is_act(event_class) AND occurred_at <= as_of()
