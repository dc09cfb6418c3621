-- One dated event of something done, up to the date of the report: inside the period or not, and its stamp.
-- step
-- view
SELECT
  e.*,
  is_within(e.occurred_at, r.period_from, r.period_to) AS in_window,
  stamp_of(e.occurred_at, e.part, e.record) AS stamp
FROM in_events AS e
CROSS JOIN run AS r
WHERE is_act(e.event_class) AND e.occurred_at <= r.as_of
