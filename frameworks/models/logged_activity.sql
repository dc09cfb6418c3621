-- One kind of activity, as the log tells it.
-- scratch
WITH counted AS (
  SELECT
    e.who,
    e.log_source,
    e.event_class,
    e.tool,
    e.purpose,
    e.effect,
    e.classification,
    e.environment,
    e.resource_environment,
    e.outcome,
    e.source,
    e.in_window,
    count(*) AS n_events,
    min(e.stamp) AS first_stamp,
    max(e.stamp) AS last_stamp,
    count(e.action) AS n_action,
    count(e.resource) AS n_resource,
    count(e.session_id) AS n_session,
    count(e.approval_id) AS n_approval,
    count(e.decision) AS n_decision,
    -- Under a key that lives for hours. Readers leave its id out, for no list could hold it; the record had one.
    count(CASE WHEN e.credential_id IS NULL AND (e.auth_method = 'temporary_credential' OR e.session_id LIKE 'arn:%:sts::%')
      THEN 1 END) AS n_temporary,
    -- Signed with a lasting key, one by one: no session is opened that a record could name.
    count(CASE WHEN e.session_id IS NULL AND e.auth_method = 'access_key' THEN 1 END) AS n_sessionless
  FROM dated_acts AS e
  GROUP BY ALL
)

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
  k.actor_id,
  k.actor_kind,
  k.principal_id,
  k.credential_id,
  c.log_source,
  c.event_class,
  c.tool,
  c.purpose,
  c.effect,
  c.classification,
  c.environment,
  c.resource_environment,
  c.outcome,
  c.source,
  c.in_window,
  c.n_events,
  time_of(c.first_stamp) AS first_at,
  time_of(c.last_stamp) AS last_at,
  ref_of(f.file, c.first_stamp) AS first_ref,
  ref_of(l.file, c.last_stamp) AS last_ref,
  c.n_action,
  c.n_resource,
  c.n_session,
  c.n_approval,
  c.n_decision,
  c.n_temporary,
  c.n_sessionless
FROM counted AS c
JOIN event_actors AS k ON k.who = c.who
JOIN parts AS f ON f.part = part_of(c.first_stamp)
JOIN parts AS l ON l.part = part_of(c.last_stamp)
