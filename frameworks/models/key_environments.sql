-- One environment that a credential serves in the period: for which it is issued, in which its holder runs, in which it
-- was used successfully; without an environment, the events that tell none. Of production and of the others one each
-- comes first (nth).
-- part
WITH listed AS (
  SELECT c.credential_id, c.environment, c.actor_id, c.ref
  FROM credentials AS c
  CROSS JOIN run AS r
  WHERE c.revoked_at IS NULL OR c.revoked_at >= r.period_from
),

served AS (
  SELECT l.credential_id, l.environment, 'issued' AS basis, 1 AS rank, NULL AS holder, 0 AS n_events, l.ref
  FROM listed AS l

  UNION ALL

  SELECT l.credential_id, a.environment, 'held', 2, a.actor_id, 0, l.ref
  FROM listed AS l
  JOIN actors AS a ON a.actor_id = l.actor_id
  WHERE a.kind NOT IN ('human', 'group')

  UNION ALL

  SELECT
    x.credential_id,
    x.environment,
    'used',
    3,
    NULL,
    SUM(x.n_events),
    ARG_MIN(x.first_ref, moment(x.first_at, x.first_ref))
  FROM activity AS x
  WHERE x.in_window AND x.outcome = 'success' AND x.credential_id IS NOT NULL AND NOT x.credential_is_intermediary
  GROUP BY x.credential_id, x.environment
)

SELECT
  s.credential_id,
  s.environment,
  s.basis,
  s.rank,
  s.holder,
  s.n_events,
  s.ref,
  ROW_NUMBER() OVER (
    PARTITION BY s.credential_id, s.environment = 'production'
    ORDER BY s.rank, s.holder, s.environment, s.ref
  ) AS nth
FROM served AS s
