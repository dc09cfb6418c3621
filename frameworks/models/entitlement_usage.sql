-- One active agent: what it may do beside what it did.
-- step
WITH outside AS (
  SELECT agent_id, count(*) AS n
  FROM violations
  WHERE kind IN ('tool outside its grants', 'action outside its grants')
  GROUP BY agent_id
),

reviewed AS (
  SELECT x.actor_id, max(coalesce(least(x.snapshot_at, x.completed_at), x.completed_at)) AS seen_until
  FROM reviews AS x
  CROSS JOIN run AS r
  WHERE x.completed_at <= r.as_of
  GROUP BY x.actor_id
),

next_reviews AS (
  SELECT u.agent_id, u.first_at, min(x.completed_at) AS next_at
  FROM first_uses AS u
  JOIN reviews AS x ON x.actor_id = u.agent_id AND x.completed_at >= u.first_at
  CROSS JOIN run AS r
  WHERE x.completed_at <= r.as_of
  GROUP BY u.agent_id, u.first_at
),

news AS (
  SELECT
    u.agent_id,
    count(*) AS n_new,
    count(CASE WHEN u.approved_at IS NULL OR u.approved_at > u.first_at THEN 1 END) AS n_unapproved,
    max(date_diff('day', u.first_at, coalesce(v.next_at, r.as_of))) AS longest_unreviewed_days,
    count(CASE WHEN v.next_at IS NULL THEN 1 END) AS n_unreviewed
  FROM first_uses AS u
  CROSS JOIN run AS r
  LEFT JOIN next_reviews AS v ON v.agent_id = u.agent_id AND v.first_at = u.first_at
  WHERE is_within(u.first_at, r.period_from, r.period_to)
  GROUP BY u.agent_id
),

granted AS (
  SELECT actor_id, count(DISTINCT type || name) AS n
  FROM grants
  WHERE type IN ('tool', 'data', 'destination')
  GROUP BY actor_id
),

unused AS (
  SELECT actor_id, count(DISTINCT type || name) AS n
  FROM unused_grants
  GROUP BY actor_id
),

done AS (
  SELECT
    y.agent_id,
    CAST(sum(y.n_events) AS BIGINT) AS n_events,
    CAST(sum(y.n_denied) AS BIGINT) AS n_denied,
    CAST(sum(CASE WHEN v.seen_until IS NULL OR y.day >= v.seen_until THEN y.n_events ELSE 0 END) AS BIGINT) AS n_unseen
  FROM daily_activity AS y
  CROSS JOIN run AS r
  LEFT JOIN reviewed AS v ON v.actor_id = y.agent_id
  WHERE is_within(y.day, r.period_from, r.period_to)
  GROUP BY y.agent_id
)

SELECT
  a.actor_id,
  coalesce(g.n, 0) AS n_granted,
  coalesce(n.n, 0) AS n_unused,
  coalesce(o.n, 0) AS n_outside,
  coalesce(w.n_new, 0) AS n_new,
  coalesce(w.n_unapproved, 0) AS n_unapproved,
  coalesce(w.n_unreviewed, 0) AS n_unreviewed,
  w.longest_unreviewed_days,
  coalesce(d.n_events, 0) AS n_events,
  coalesce(d.n_denied, 0) AS n_denied,
  coalesce(d.n_unseen, 0) AS n_unseen
FROM agents AS a
LEFT JOIN granted AS g ON g.actor_id = a.actor_id
LEFT JOIN unused AS n ON n.actor_id = a.actor_id
LEFT JOIN outside AS o ON o.agent_id = a.actor_id
LEFT JOIN news AS w ON w.agent_id = a.actor_id
LEFT JOIN done AS d ON d.agent_id = a.actor_id
WHERE coalesce(a.state, 'active') = 'active'
