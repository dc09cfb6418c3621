-- One moment of the period at which an agent went over a limit of its own: calls a minute, cost a day, steps a session,
-- sessions spawned at a time.
-- part
WITH totals AS (
  SELECT x.agent_id, a.max_calls_per_minute, a.max_steps, SUM(x.n_events) AS n_calls
  FROM activity AS x
  JOIN agents AS a ON a.actor_id = x.agent_id
  WHERE x.in_window AND x.outcome <> 'denied' AND is_call(x.event_class)
  GROUP BY x.agent_id, a.max_calls_per_minute, a.max_steps
),

-- No minute has more calls than the period, and no session takes more steps.
days AS (
  SELECT d.agent_id, d.day, d.n_events, t.max_calls_per_minute AS allowed
  FROM totals AS t
  JOIN daily_activity AS d ON d.agent_id = t.agent_id
  WHERE t.n_calls > t.max_calls_per_minute
),

busy AS (
  -- Only on days with more calls than one minute may have, those beside them counted, can a minute have too many.
  SELECT n.agent_id, n.day, n.allowed
  FROM (
    SELECT d.agent_id, d.day, d.n_events, d.allowed FROM days AS d
    UNION ALL
    SELECT d.agent_id, d.day + INTERVAL 1 DAY, d.n_events, d.allowed FROM days AS d
    UNION ALL
    SELECT d.agent_id, d.day - INTERVAL 1 DAY, d.n_events, d.allowed FROM days AS d
  ) AS n
  GROUP BY n.agent_id, n.day, n.allowed
  HAVING SUM(n.n_events) > n.allowed
),

calls AS (
  SELECT e.agent_id, e.occurred_at, e.ref, b.allowed,
    ROW_NUMBER() OVER (PARTITION BY e.agent_id ORDER BY e.occurred_at, e.ref) AS nth
  FROM events AS e
  JOIN busy AS b ON b.agent_id = e.agent_id AND b.day = CAST(e.occurred_at AS DATE)
  WHERE e.in_window AND e.outcome <> 'denied' AND is_call(e.event_class)
),

-- Sums first, without the records: those of a million events are not kept for the few that went over.
used_up AS (
  SELECT e.agent_id, 'over_cost' AS kind, CAST(CAST(e.occurred_at AS DATE) AS VARCHAR) AS span, SUM(e.cost) AS n,
    a.max_cost_per_day AS allowed
  FROM events AS e
  JOIN agents AS a ON a.actor_id = e.agent_id
  WHERE a.max_cost_per_day IS NOT NULL AND e.in_window AND e.cost IS NOT NULL
  GROUP BY e.agent_id, CAST(e.occurred_at AS DATE), a.max_cost_per_day
  HAVING SUM(e.cost) > a.max_cost_per_day

  UNION ALL

  SELECT e.agent_id, 'over_steps', e.session_id, COUNT(*), w.max_steps
  FROM events AS e
  JOIN totals AS w ON w.agent_id = e.agent_id AND w.n_calls > w.max_steps
  WHERE e.in_window AND e.outcome <> 'denied' AND is_call(e.event_class) AND e.session_id IS NOT NULL
  GROUP BY e.agent_id, e.session_id, w.max_steps
  HAVING COUNT(*) > w.max_steps
),

counted AS (
  SELECT u.agent_id, u.kind, u.span, u.n, u.allowed, e.cost AS amount, e.occurred_at, e.ref
  FROM used_up AS u
  JOIN events AS e ON e.agent_id = u.agent_id AND CAST(CAST(e.occurred_at AS DATE) AS VARCHAR) = u.span
  WHERE u.kind = 'over_cost' AND e.in_window AND e.cost IS NOT NULL

  UNION ALL

  SELECT u.agent_id, u.kind, u.span, u.n, u.allowed, 1, e.occurred_at, e.ref
  FROM used_up AS u
  JOIN events AS e ON e.agent_id = u.agent_id AND e.session_id = u.span
  WHERE u.kind = 'over_steps' AND e.in_window AND e.outcome <> 'denied' AND is_call(e.event_class)
),

running AS (
  SELECT c.agent_id, c.kind, c.span, c.n, c.allowed, c.occurred_at, c.ref,
    SUM(c.amount) OVER (
      PARTITION BY c.agent_id, c.kind, c.span
      ORDER BY c.occurred_at, c.ref ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS so_far
  FROM counted AS c
),

spawned AS (
  SELECT s.agent_id, s.max_children AS allowed, e.session_id,
    MIN(e.occurred_at) AS first_at, MAX(e.occurred_at) AS last_at,
    ARG_MIN(e.ref, moment(e.occurred_at, e.ref)) AS ref
  FROM (
    SELECT DISTINCT p.agent_id, p.session_id, a.max_children
    FROM events AS p
    JOIN agents AS a ON a.actor_id = p.agent_id
    WHERE a.max_children IS NOT NULL AND p.session_id IS NOT NULL
  ) AS s
  JOIN events AS e ON e.parent_session_id = s.session_id
  WHERE e.in_window AND e.session_id IS NOT NULL AND e.outcome <> 'denied'
  GROUP BY s.agent_id, s.max_children, e.session_id
)

SELECT x.agent_id, 'over_rate' AS kind, x.allowed + 1 AS n, x.allowed, x.occurred_at AS happened_at, x.ref
FROM calls AS c
JOIN calls AS x
  ON x.agent_id = c.agent_id AND x.nth = c.nth + c.allowed AND x.occurred_at < c.occurred_at + INTERVAL 1 MINUTE

UNION

SELECT agent_id, kind, n, allowed, MIN(occurred_at), ARG_MIN(ref, occurred_at)
FROM running
WHERE so_far > allowed
GROUP BY agent_id, kind, span, n, allowed

UNION

SELECT c.agent_id, 'over_fan_out', COUNT(DISTINCT o.session_id), c.allowed, c.first_at, c.ref
FROM spawned AS c
JOIN spawned AS o ON o.agent_id = c.agent_id AND o.first_at <= c.first_at AND o.last_at >= c.first_at
GROUP BY c.agent_id, c.session_id, c.allowed, c.first_at, c.ref
HAVING COUNT(DISTINCT o.session_id) > c.allowed
