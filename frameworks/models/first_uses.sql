-- One tool, data source or destination that an agent of a list used for a purpose: since when, and the earliest approval of it.
-- agent_id text: Actor.
-- purpose text: Workflow, task or process; empty: the log names none.
-- kind text: tool | data | destination.
-- name text: What was used; of data, the grant that covers it.
-- changes_state flag: Some use was more than reading; empty: no effect is known.
-- n_events int: Successful uses, of any period.
-- first_at time: First of them.
-- first_ref text: file#record of the first.
-- last_at time: Last of them.
-- approved_at time: Earliest approval that covers it; empty: none does.
-- of events
-- as in events
WITH used AS (
  SELECT agent_id, purpose, 'tool' AS kind, tool AS name, effect, n_events, first_at, last_at, first_ref
  FROM activity
  WHERE registered AND outcome = 'success' AND tool IS NOT NULL

  UNION ALL

  SELECT agent_id, purpose, 'data', data_source, effect, n_events, first_at, last_at, first_ref
  FROM data_use
  WHERE registered AND outcome = 'success' AND data_source IS NOT NULL

  UNION ALL

  SELECT agent_id, purpose, 'destination', place_of(destination), effect, n_events, first_at, last_at, first_ref
  FROM reach
  WHERE registered AND outcome = 'success'
),

uses AS MATERIALIZED (
  SELECT
    agent_id,
    purpose,
    kind,
    name,
    CASE WHEN bool_or(effect <> 'read') THEN TRUE WHEN count(effect) > 0 THEN FALSE END AS changes_state,
    CAST(sum(n_events) AS BIGINT) AS n_events,
    min(first_at) AS first_at,
    arg_min(first_ref, (first_at, first_ref)) AS first_ref,
    max(last_at) AS last_at
  FROM used
  GROUP BY agent_id, purpose, kind, name
),

approved AS (
  SELECT u.agent_id, u.purpose, u.kind, u.name, min(a.approved_at) AS approved_at
  FROM uses AS u
  JOIN all_approvals AS a
    ON a.actor_id = u.agent_id AND a.type IN (u.kind, 'change') AND same_purpose(a.purpose, u.purpose)
    AND holds_at(a.expires_at, u.first_at) 
    AND u.name LIKE CASE WHEN u.kind = 'destination' THEN place_of(a.like_pattern) ELSE a.like_pattern END ESCAPE '!'
  GROUP BY u.agent_id, u.purpose, u.kind, u.name
)

SELECT u.*, p.approved_at
FROM uses AS u
LEFT JOIN approved AS p
  ON p.agent_id = u.agent_id AND p.purpose IS NOT DISTINCT FROM u.purpose AND p.kind = u.kind AND p.name = u.name
