-- One actor's acts in a session with a parent, or for somebody, or by a trigger; what was denied needs nobody behind it.
-- step
SELECT
  e.session_id,
  e.agent_id,
  -- What a person started is followed no further.
  CASE WHEN e.trigger IS DISTINCT FROM 'human' THEN e.parent_session_id END AS parent,
  e.on_behalf_of AS delegator,
  e.trigger,
  e.in_window,
  bool_and(e.registered) AS registered,
  count(*) AS n_events,
  min(e.occurred_at) AS first_at,
  max(e.occurred_at) AS last_at,
  arg_min(e.ref, (e.occurred_at, e.ref)) AS first_ref
FROM events AS e
WHERE (e.parent_session_id IS NOT NULL OR e.on_behalf_of IS NOT NULL OR e.trigger IS NOT NULL)
  AND e.agent_id IS NOT NULL AND e.outcome <> 'denied' AND is_act(e.event_class)
GROUP BY e.session_id, e.agent_id, parent, e.on_behalf_of, e.trigger, e.in_window
