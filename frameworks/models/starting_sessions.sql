-- One session that started another, or that a person started; its undated events count, for they show that it was.
-- step
WITH wanted AS (
  SELECT parent AS session_id
  FROM delegated_acts
  WHERE parent IS NOT NULL

  UNION

  SELECT session_id
  FROM delegated_acts
  WHERE trigger = 'human'
)

SELECT
  e.session_id,
  CASE WHEN bool_or(e.trigger = 'human') THEN NULL ELSE min(e.parent_session_id) END AS parent,
  min(e.on_behalf_of) AS delegator,
  CASE WHEN bool_or(e.trigger = 'human') THEN 'human' ELSE min(e.trigger) END AS trigger,
  count(DISTINCT CASE WHEN k.agent_kind = 'human' THEN k.agent_id END) AS n_people,
  arg_min(k.agent_id, (k.agent_kind IS DISTINCT FROM 'human', k.agent_id)) AS agent_id,
  coalesce(bool_or(k.agent_kind = 'human'), FALSE) AS is_human,
  min(CASE WHEN NOT k.registered THEN k.agent_id END) AS stranger
FROM in_events AS e
JOIN event_actors AS k ON k.who = e.who
WHERE e.session_id IN (SELECT session_id FROM wanted) AND (e.occurred_at IS NULL OR e.occurred_at <= as_of())
GROUP BY e.session_id
