-- One agent and its acts in the period whose trigger a log does not record, though it records that of others: no
-- delegator, trigger or session before, nor in the session of one that has. Signing in and calls of models count for nothing.
-- agent_id text: Agent.
-- n_events int: Such events.
-- n_all int: All its acts in these logs.
-- first_at time: First of them.
-- first_ref text: file#record of the first.
-- of events
WITH acts AS (
  SELECT
    e.agent_id,
    e.log_source,
    e.occurred_at,
    e.ref,
    e.on_behalf_of IS NOT NULL OR e.trigger IS NOT NULL OR e.parent_session_id IS NOT NULL
    OR coalesce(e.session_id IN (SELECT session_id FROM delegated_acts WHERE session_id IS NOT NULL), FALSE)
    OR coalesce(e.session_key IN (SELECT session_key FROM role_sessions), FALSE) AS is_told
  FROM events AS e
  WHERE e.in_window AND e.outcome <> 'denied' AND e.agent_id IN (SELECT agent_id FROM delegated_acts)
    AND coalesce(e.event_class, '') NOT IN ('auth', 'session', 'model', 'heartbeat')
),

logs AS (
  SELECT
    agent_id,
    count(CASE WHEN NOT is_told THEN 1 END) AS n_events,
    count(*) AS n_all,
    min(CASE WHEN NOT is_told THEN occurred_at END) AS first_at,
    arg_min(CASE WHEN NOT is_told THEN ref END, CASE WHEN NOT is_told THEN (occurred_at, ref) END) AS first_ref
  FROM acts
  GROUP BY agent_id, log_source
  HAVING bool_or(is_told) AND NOT bool_and(is_told)
)

SELECT
  agent_id,
  CAST(sum(n_events) AS BIGINT) AS n_events,
  CAST(sum(n_all) AS BIGINT) AS n_all,
  min(first_at) AS first_at,
  arg_min(first_ref, (first_at, first_ref)) AS first_ref
FROM logs
GROUP BY agent_id
