-- One log source, and whether it was delivering during the period.
-- log_source text: Log.
-- every text: hour | day: the unit in which delivery is expected.
-- expected int: Units in the period.
-- seen int: Units with an event or heartbeat.
-- n_events int: Events in the period.
-- first_at time: First event.
-- last_at time: Last event.
-- longest_gap_hours int: Longest silence inside the period.
-- alive flag: Seen share reached the required share.
-- declared flag: reporter.yml or an actor names it; FALSE: it merely arrived.
-- oldest_at time: Oldest event supplied, of any period.
-- n_with_ingest int: Events that tell when the log received them.
-- n_without_ingest int: Events that do not tell it, heartbeats left out.
-- n_late_clock int: Of them dated over two minutes after they were received.
-- median_delay_seconds int: Half of them were received within so many.
-- p95_delay_seconds int: 95 of 100 were received within so many.
-- n_out_of_order int: Of them received after one that happened over two minutes later.
-- view
SELECT
  f.log_source,
  f.every,
  f.expected,
  f.seen,
  f.n_events,
  f.first_at,
  f.last_at,
  f.longest_gap_hours,
  f.alive,
  f.declared,
  c.oldest_at,
  coalesce(c.n_without_ingest, 0) AS n_without_ingest,
  coalesce(c.n_with_ingest, 0) AS n_with_ingest,
  coalesce(c.n_late_clock, 0) AS n_late_clock,
  c.median_delay_seconds,
  c.p95_delay_seconds,
  coalesce(c.n_out_of_order, 0) AS n_out_of_order
FROM feed_delivery AS f
LEFT JOIN feed_clocks AS c ON c.log_source = f.log_source
