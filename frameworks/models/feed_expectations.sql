-- One log, and what is expected of it: declared by reporter.yml or by an actor that names it, or it merely arrived.
-- step
WITH arrived AS (
  SELECT log_source, FALSE AS is_named
  FROM event_kinds
  GROUP BY log_source

  UNION ALL

  SELECT log_source, TRUE
  FROM actor_log_sources
),

others AS (
  SELECT log_source, bool_or(is_named) AS declared
  FROM arrived
  GROUP BY log_source
)

SELECT log_source, every, share, TRUE AS declared
FROM expected_feeds
WHERE log_source IS NOT NULL

UNION ALL

SELECT o.log_source, x.every, x.share, o.declared
FROM others AS o
CROSS JOIN expected_feeds AS x
WHERE x.log_source IS NULL
  AND NOT EXISTS (SELECT 1 FROM expected_feeds AS d WHERE d.log_source = o.log_source)
