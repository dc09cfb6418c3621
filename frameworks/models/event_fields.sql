-- One field that an agent's events of the period should carry: how many do, and in how many it is rightly left open.
-- A temporary credential stands in the record and is not kept, for no list could hold it; a lasting key opens no
-- session. What a log tells of no event of a class, or for resources of a tool, whoever acts, is untold, not empty;
-- in a format of our own every field can be told.
-- part
WITH acts AS (
  SELECT
    x.agent_id, x.source, x.log_source, x.event_class, x.tool, x.outcome, x.n_events, x.n_action, x.n_session,
    x.n_resource, x.n_decision, x.first_ref,
    x.in_window AND x.agent_kind = 'agent' AND x.agent_id IS NOT NULL AS is_agents,
    x.source LIKE 'reporter-%' AS is_own,
    CASE WHEN x.tool IS NULL THEN 0 ELSE x.n_events END AS n_tool,
    CASE WHEN x.credential_id IS NULL THEN 0 ELSE x.n_events END AS n_credential,
    CASE WHEN x.credential_id IS NULL THEN x.n_temporary ELSE 0 END AS n_temporary,
    LEAST(x.n_sessionless, x.n_events - x.n_session) AS n_sessionless
  FROM activity AS x
),
filled AS (
  SELECT
    a.agent_id, a.is_agents, 'action' AS field, 1 AS place, a.n_events, a.n_action AS n_filled, 0 AS n_open, a.first_ref,
    a.is_own OR SUM(a.n_action) OVER (PARTITION BY a.source, a.log_source, a.event_class) > 0 AS is_told
  FROM acts AS a
  UNION ALL
  SELECT
    a.agent_id, a.is_agents, 'session' AS field, 2 AS place, a.n_events, a.n_session AS n_filled, a.n_sessionless AS n_open, a.first_ref,
    a.is_own OR SUM(a.n_session + a.n_sessionless) OVER (PARTITION BY a.source, a.log_source, a.event_class) > 0 AS is_told
  FROM acts AS a
  UNION ALL
  SELECT
    a.agent_id, a.is_agents, 'credential' AS field, 3 AS place, a.n_events, a.n_credential AS n_filled, a.n_temporary AS n_open, a.first_ref,
    a.is_own OR SUM(a.n_credential + a.n_temporary) OVER (PARTITION BY a.source, a.log_source, a.event_class) > 0 AS is_told
  FROM acts AS a
  UNION ALL
  SELECT
    a.agent_id, a.is_agents, 'resource' AS field, 4 AS place, a.n_events, a.n_resource AS n_filled, 0 AS n_open, a.first_ref,
    a.is_own OR SUM(a.n_resource) OVER (PARTITION BY a.source, a.log_source, a.event_class, a.tool) > 0 AS is_told
  FROM acts AS a
  WHERE a.event_class IN ('tool', 'data')
  UNION ALL
  SELECT
    a.agent_id, a.is_agents, 'tool' AS field, 5 AS place, a.n_events, a.n_tool AS n_filled, 0 AS n_open, a.first_ref,
    a.is_own OR SUM(a.n_tool) OVER (PARTITION BY a.source, a.log_source, a.event_class) > 0 AS is_told
  FROM acts AS a
  WHERE a.event_class = 'tool'
  UNION ALL
  SELECT
    a.agent_id, a.is_agents, 'decision' AS field, 6 AS place, a.n_events, a.n_decision AS n_filled, 0 AS n_open, a.first_ref,
    a.is_own OR SUM(a.n_decision) OVER (PARTITION BY a.source, a.log_source, a.event_class) > 0 AS is_told
  FROM acts AS a
  WHERE a.outcome = 'denied'
)
SELECT
  f.agent_id,
  f.field,
  f.place,
  SUM(CASE WHEN f.is_told THEN f.n_events ELSE 0 END) AS n_events,
  SUM(f.n_filled) AS n_filled,
  SUM(f.n_open) AS n_open,
  SUM(CASE WHEN f.is_told THEN 0 ELSE f.n_events END) AS n_untold,
  MIN(CASE WHEN f.is_told AND f.n_filled = 0 AND f.n_open < f.n_events THEN f.first_ref END) AS ref
FROM filled AS f
WHERE f.is_agents
GROUP BY f.agent_id, f.field, f.place
