-- One kind of activity: events rolled up by actor, identity, tool, effect and outcome; heartbeats left out.
-- agent_id text: Actor the event belongs to: resolved by id, else principal, else credential.
-- registered flag: That actor is in the register.
-- conflict flag: Id, principal and credential point to different actors.
-- resolved_by text: id | principal | credential | none.
-- agent_kind text: What that actor is: as the register says, else as the log says.
-- registered_at time: When that actor's record was made; empty for who is in no register.
-- stranger text: Whom the log names and no list knows, where the identity or credential is that of an agent or another machine.
-- principal_is_intermediary flag: The principal is that of a declared gateway.
-- credential_is_intermediary flag: The credential is that of a declared gateway.
-- in_window flag: Inside the period under review.
-- log_source text: Log it came through.
-- actor_id text: Acting agent or other actor, as the log names it.
-- actor_kind text: What the log says the actor is.
-- principal_id text: Identity used.
-- credential_id text: Credential used.
-- event_class text: tool | data | model | session | admin | auth | heartbeat.
-- tool text: Tool called.
-- purpose text: Workflow, task or process it was done for.
-- effect text: Effect class of the action.
-- classification text: Class of the data touched.
-- environment text: Environment of the action.
-- resource_environment text: Environment of the resource.
-- source text: Source that reads that log.
-- outcome text: How it ended.
-- n_events int: Events.
-- first_at time: First of them.
-- last_at time: Last of them.
-- first_ref text: file#record of the first.
-- last_ref text: file#record of the last.
-- n_action int: Of them with an action.
-- n_resource int: Of them with a resource.
-- n_session int: Of them with a session.
-- n_approval int: Of them with an approval id.
-- n_decision int: Of them with a policy decision.
-- n_temporary int: Of them under a temporary credential, whose id readers leave out.
-- n_sessionless int: Of them signed with a lasting access key, which opens no session.
-- of events
-- as in events
SELECT
  k.agent_id,
  k.registered,
  k.conflict,
  k.resolved_by,
  k.agent_kind,
  k.registered_at,
  k.stranger,
  k.principal_is_intermediary,
  k.credential_is_intermediary,
  a.in_window,
  c.log_source,
  k.actor_id,
  k.actor_kind,
  k.principal_id,
  k.credential_id,
  c.event_class,
  a.tool,
  a.purpose,
  coalesce(c.effect, g.effect) AS effect,
  c.classification,
  c.environment,
  c.resource_environment,
  c.outcome,
  c.source,
  a.n_events,
  time_of(a.first_stamp) AS first_at,
  time_of(a.last_stamp) AS last_at,
  ref_of(f.file, a.first_stamp) AS first_ref,
  ref_of(l.file, a.last_stamp) AS last_ref,
  a.n_action,
  a.n_resource,
  a.n_session,
  a.n_approval,
  a.n_decision,
  a.n_temporary,
  a.n_sessionless
FROM logged_activity AS a
JOIN event_actors AS k ON k.who = a.who
JOIN event_kinds AS c ON c.kind = a.kind
JOIN parts AS f ON f.part = part_of(a.first_stamp)
JOIN parts AS l ON l.part = part_of(a.last_stamp)
LEFT JOIN granted_effects AS g ON g.agent_id = k.agent_id AND g.tool = a.tool
