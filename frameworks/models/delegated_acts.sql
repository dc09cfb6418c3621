-- One actor's acts in a session with a parent, or for somebody, or by a trigger; what was denied needs nobody behind it.
-- step
WITH acts AS (
  SELECT
    e.session_id,
    e.agent_id,
    -- What a person started is followed no further.
    CASE WHEN e.trigger IS DISTINCT FROM 'human' THEN e.parent_session_id END AS parent,
    e.on_behalf_of AS delegator,
    e.trigger,
    e.in_window,
    e.registered,
    e.occurred_at,
    e.ref
  FROM events AS e
  WHERE (e.parent_session_id IS NOT NULL OR e.on_behalf_of IS NOT NULL OR e.trigger IS NOT NULL)
    AND e.agent_id IS NOT NULL AND e.outcome <> 'denied' AND is_act(e.event_class)

  UNION ALL

  -- A role that somebody else asked for; what the session is called, he chose. An agent in another's role is that agent, at work by
  -- itself: nobody was set to work.
  SELECT e.session_id, e.agent_id, NULL, z.root_id, NULL, e.in_window, e.registered, e.occurred_at, e.ref
  FROM events AS e
  JOIN role_sessions AS z ON z.session_key = e.session_key
  WHERE e.parent_session_id IS NULL AND e.on_behalf_of IS NULL AND e.trigger IS NULL
    AND z.root_id <> e.agent_id AND z.root_kind IS DISTINCT FROM 'agent' AND e.outcome <> 'denied' AND is_act(e.event_class)
)

SELECT
  session_id,
  agent_id,
  parent,
  delegator,
  trigger,
  in_window,
  bool_and(registered) AS registered,
  count(*) AS n_events,
  min(occurred_at) AS first_at,
  max(occurred_at) AS last_at,
  arg_min(ref, (occurred_at, ref)) AS first_ref
FROM acts
GROUP BY session_id, agent_id, parent, delegator, trigger, in_window
