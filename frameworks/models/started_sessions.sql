-- One session of the period in which an agent acted because a session of another agent started it, beside who that was.
-- step is by how many risk tiers the act reaches up; empty: a tier that decides is not recorded. Where several agents share the
-- session that started this one, the riskiest of them may have done it. is_recording: its logs record approvals.
-- part
WITH acts AS (
  SELECT
    e.session_id,
    e.agent_id,
    e.parent_session_id,
    e.log_source,
    e.approval_id,
    e.ref,
    CASE
      WHEN e.outcome = 'success' AND (e.tool IS NOT NULL OR e.event_class IN ('tool', 'data')) THEN e.occurred_at
    END AS acted_at
  FROM events AS e
  WHERE e.parent_session_id IS NOT NULL AND e.in_window AND e.agent_kind = 'agent'
),

hops AS (
  SELECT
    a.session_id,
    a.agent_id,
    a.parent_session_id,
    a.log_source,
    COUNT(a.approval_id) AS n_approved,
    MIN(a.acted_at) AS first_at,
    ARG_MIN(a.ref, moment(a.acted_at, a.ref)) AS ref
  FROM acts AS a
  GROUP BY a.session_id, a.agent_id, a.parent_session_id, a.log_source
  HAVING COUNT(a.acted_at) > 0
),

starters AS (
  SELECT DISTINCT e.session_id, e.agent_id
  FROM events AS e
  JOIN (SELECT DISTINCT h.parent_session_id FROM hops AS h) AS p ON p.parent_session_id = e.session_id
  WHERE e.agent_id IS NOT NULL
),

tiers AS (
  SELECT
    a.actor_id,
    a.risk_tier,
    CASE
      WHEN a.kind <> 'agent' THEN 4
      ELSE CASE a.risk_tier WHEN 'low' THEN 1 WHEN 'medium' THEN 2 WHEN 'high' THEN 3 WHEN 'critical' THEN 4 END
    END AS height
  FROM actors AS a
),

recording AS (
  SELECT x.log_source
  FROM activity AS x
  GROUP BY x.log_source
  HAVING SUM(x.n_approval) > 0
)

SELECT
  h.agent_id,
  h.session_id,
  t.risk_tier,
  MIN(s.agent_id) AS starter_id,
  ARG_MIN(u.risk_tier, s.agent_id) AS starter_tier,
  CASE WHEN MIN(t.height - u.height) <= 0 OR COUNT(u.height) = COUNT(*) THEN MIN(t.height - u.height) END AS step,
  SUM(h.n_approved) > 0 AS is_approved,
  COUNT(r.log_source) > 0 AS is_recording,
  MIN(h.first_at) AS first_at,
  MIN(h.ref) AS ref
FROM hops AS h
JOIN starters AS s ON s.session_id = h.parent_session_id AND s.agent_id <> h.agent_id
JOIN tiers AS t ON t.actor_id = h.agent_id
LEFT JOIN tiers AS u ON u.actor_id = s.agent_id
LEFT JOIN recording AS r ON r.log_source = h.log_source
GROUP BY h.agent_id, h.session_id, t.risk_tier
