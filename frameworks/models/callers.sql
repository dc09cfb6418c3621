-- One caller's program and way of authenticating that events of an actor tell.
-- agent_id text: Actor the event belongs to: resolved by id, else principal, else credential.
-- agent_kind text: What that actor is: as the register says, else as the log says.
-- credential_is_intermediary flag: The credential is that of a declared gateway.
-- in_window flag: Inside the period under review.
-- log_source text: Log it came through.
-- principal_id text: Identity used.
-- credential_id text: Credential used.
-- user_agent text: Caller's program.
-- auth_method text: How the caller authenticated.
-- outcome text: How it ended.
-- n_events int: Events.
-- first_at time: First of them.
-- first_ref text: file#record of the first.
-- of events
-- as in events
WITH counted AS (
  SELECT
    e.who,
    e.log_source,
    e.user_agent,
    e.auth_method,
    e.outcome,
    e.in_window,
    count(*) AS n_events,
    min(e.stamp) AS first_stamp
  FROM dated_acts AS e
  WHERE (e.user_agent IS NOT NULL OR e.auth_method IS NOT NULL)
  GROUP BY ALL
)

SELECT
  k.agent_id,
  k.agent_kind,
  k.principal_id,
  k.credential_id,
  k.credential_is_intermediary,
  c.in_window,
  c.log_source,
  c.user_agent,
  c.auth_method,
  c.outcome,
  c.n_events,
  time_of(c.first_stamp) AS first_at,
  ref_of(f.file, c.first_stamp) AS first_ref
FROM counted AS c
JOIN event_actors AS k ON k.who = c.who
JOIN parts AS f ON f.part = part_of(c.first_stamp)
