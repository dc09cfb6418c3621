-- One kind of act of an agent in the period, also in a role that it took, of those that worked: how often, how often without an approval that holds,
-- whether its log ever names one, and the level of autonomy that it shows without approval: 2 inside the tools granted to
-- the agent, 3 outside, empty where none are listed or the log names none.
-- part
WITH telling AS (
  SELECT x.log_source
  FROM activity AS x
  GROUP BY x.log_source
  HAVING SUM(x.n_approval) > 0
),

refused AS (
  SELECT e.agent_id, e.tool, e.effect, e.classification, e.log_source, COUNT(*) AS n_events
  FROM events AS e
  JOIN (
    SELECT p.approval_id
    FROM approvals AS p
    GROUP BY p.approval_id
    HAVING COUNT(*) = COUNT(CASE WHEN p.decision = 'rejected' THEN 1 END)
  ) AS p ON p.approval_id = e.approval_id
  WHERE e.in_window AND e.outcome = 'success'
  GROUP BY e.agent_id, e.tool, e.effect, e.classification, e.log_source
),

acted AS (
  SELECT x.agent_id, x.tool, x.effect, x.classification, x.log_source, x.n_events, x.n_approval, x.first_at, x.first_ref
  FROM activity AS x
  WHERE x.in_window AND x.registered AND x.outcome = 'success'
  UNION ALL
  SELECT u.agent_id, u.tool, u.effect, u.classification, u.log_source, u.n_events, u.n_approval, u.first_at, u.first_ref
  FROM assumed_acts AS u
),

done AS (
  SELECT
    x.agent_id, x.tool, x.effect, x.classification, x.log_source,
    SUM(x.n_events) AS n_events,
    SUM(x.n_events - x.n_approval) AS n_bare,
    MIN(x.first_at) AS first_at,
    ARG_MIN(x.first_ref, moment(x.first_at, x.first_ref)) AS ref
  FROM acted AS x
  WHERE x.tool IS NOT NULL OR x.effect IS NOT NULL OR x.classification = 'restricted'
  GROUP BY x.agent_id, x.tool, x.effect, x.classification, x.log_source
)

SELECT
  d.agent_id,
  COALESCE(d.tool, d.effect) AS act,
  d.effect,
  d.classification AS data,
  d.effect IS NULL AND d.classification IS DISTINCT FROM 'restricted' AS is_unclear,
  d.n_events,
  d.first_at,
  d.ref,
  d.n_bare + COALESCE(f.n_events, 0) AS n_bare,
  t.log_source IS NOT NULL AS names_approvals,
  d.tool IS NULL AS names_no_tool,
  CASE
    WHEN d.tool IS NULL OR k.actor_id IS NULL THEN NULL
    WHEN EXISTS (
      SELECT 1
      FROM grants AS g
      CROSS JOIN run AS r
      WHERE g.actor_id = d.agent_id AND g.type = 'tool' AND covers_tool(d.tool, g.like_pattern, g.excluded)
        AND (g.expires_at IS NULL OR g.expires_at > r.period_from)
    ) THEN 2
    ELSE 3
  END AS level
FROM done AS d
LEFT JOIN refused AS f
  ON f.agent_id = d.agent_id AND f.log_source = d.log_source AND f.tool IS NOT DISTINCT FROM d.tool
  AND f.effect IS NOT DISTINCT FROM d.effect AND f.classification IS NOT DISTINCT FROM d.classification
LEFT JOIN telling AS t ON t.log_source = d.log_source
LEFT JOIN listed_kinds AS k ON k.actor_id = d.agent_id AND k.type = 'tool'
