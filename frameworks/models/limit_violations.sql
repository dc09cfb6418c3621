-- One moment of the period at which an agent went over a limit of its own, and when it was next denied something.
-- part
WITH noted AS (
  SELECT o.agent_id, o.kind, o.n, o.allowed, o.happened_at, o.ref, NULL AS denied_at
  FROM over_limits AS o

  UNION ALL

  SELECT e.agent_id, NULL, NULL, NULL, e.occurred_at, NULL, e.occurred_at
  FROM events AS e
  WHERE e.outcome = 'denied' AND e.agent_id IN (SELECT o.agent_id FROM over_limits AS o)
),

followed AS (
  SELECT
    d.agent_id,
    d.kind,
    d.n,
    d.allowed,
    d.happened_at,
    d.ref,
    MIN(d.denied_at) OVER (
      PARTITION BY d.agent_id
      ORDER BY d.happened_at DESC, d.denied_at IS NULL ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS denied_at
  FROM noted AS d
)

SELECT f.agent_id, f.kind, f.n, f.allowed, f.happened_at, f.ref, f.denied_at
FROM followed AS f
WHERE f.kind IS NOT NULL
