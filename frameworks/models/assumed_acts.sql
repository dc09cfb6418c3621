-- One kind of act that an agent did with success in the period in a role that it took: its own act, whosever role that is.
-- agent_id text: Agent that asked for the role, or for the first one of a chain.
-- tool text: As in events.
-- effect text: As in events.
-- classification text: As in events.
-- log_source text: As in events.
-- n_events int: Events.
-- n_approval int: Those that name an approval.
-- first_at time: First of them.
-- first_ref text: file#record of the first.
-- of events
SELECT
  z.root_id AS agent_id,
  e.tool,
  e.effect,
  e.classification,
  e.log_source,
  count(*) AS n_events,
  count(e.approval_id) AS n_approval,
  min(e.occurred_at) AS first_at,
  arg_min(e.ref, (e.occurred_at, e.ref)) AS first_ref
FROM role_sessions AS z
JOIN events AS e ON e.session_key = z.session_key
WHERE z.root_kind = 'agent' AND e.agent_id IS DISTINCT FROM z.root_id AND e.in_window AND e.outcome = 'success' AND is_act(e.event_class)
GROUP BY ALL
