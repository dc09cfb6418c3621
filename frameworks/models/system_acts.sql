-- One action in a system that names no tool, and whose rights it needs: those of the identity under which the agent did it, or of the
-- person for whom (person_id).
-- step
WITH holders AS (
  -- What the policy of a bucket gives is no list of a holder's own rights.
  SELECT actor_id FROM grants WHERE type = 'entitlement' AND source IS DISTINCT FROM 'aws-log-stores'
  UNION
  SELECT actor_id FROM actors WHERE entitlements_listed
),

-- Where no log has any, events are not read again.
logs AS (
  SELECT DISTINCT log_source
  FROM activity
  WHERE registered AND agent_kind = 'agent' AND outcome = 'success' AND n_action > 0
    AND (tool IS NULL OR (event_class = 'admin' AND log_source = 'aws-cloudtrail'))
    AND (event_class = 'admin' OR log_source IN ('aws-cloudtrail', 'gcp-audit', 'microsoft-graph-activity'))

  UNION

  SELECT 'aws-cloudtrail'
  FROM role_sessions
  WHERE root_kind = 'agent'
),

acts AS (
  SELECT
    -- Whoever asked for the role answers for what is done in it.
    coalesce(z.root_id, k.agent_id) AS agent_id,
    z.root_id IS NOT NULL AND z.root_id IS DISTINCT FROM k.agent_id AS is_assumed,
    k.actor_id AS username,
    coalesce(s.actor_id, k.principal_id) AS identity,
    coalesce(n.actor_id, e.on_behalf_of) AS person_id,
    e.log_source,
    e.action,
    e.rights,
    CASE WHEN e.log_source IN ('kubernetes-audit', 'azure-activity', 'gcp-audit') THEN e.resource END AS thing,
    coalesce(e.log_source = 'kubernetes-audit' AND coalesce(n.actor_id, e.on_behalf_of) <> k.actor_id, FALSE) AS is_impersonated,
    e.event_class = 'admin' AS is_admin,
    -- To open a session or ask a model takes nobody's rights.
    coalesce(e.event_class NOT IN ('session', 'model', 'auth'), TRUE) AS takes_rights,
    is_within(e.occurred_at, r.period_from, r.period_to) AS in_window,
    count(*) AS n_events,
    min(e.occurred_at) AS first_at,
    max(e.occurred_at) AS last_at,
    arg_max(ref_to(e.file, e.record), (e.occurred_at, e.part, e.record)) AS last_ref
  FROM logs AS l
  JOIN in_events AS e ON e.log_source = l.log_source
  CROSS JOIN run AS r
  JOIN event_actors AS k ON k.who = e.who
  LEFT JOIN same_as AS s ON s.alias = k.principal_id
  LEFT JOIN known_names AS n ON n.alias = e.on_behalf_of
  LEFT JOIN role_sessions AS z ON z.session_key = e.session_key AND z.root_kind = 'agent'
  -- What a cloud calls administration is no call of a tool, whatever else it names.
  WHERE e.occurred_at <= r.as_of AND e.outcome = 'success' AND is_act(e.event_class)
    AND (e.tool IS NULL OR (e.event_class = 'admin' AND e.log_source = 'aws-cloudtrail'))
    AND e.action IS NOT NULL AND (z.root_id IS NOT NULL OR (k.registered AND k.agent_kind = 'agent'))
    AND (e.event_class = 'admin' OR e.log_source IN ('aws-cloudtrail', 'gcp-audit', 'microsoft-graph-activity'))
  GROUP BY ALL
),

owned AS (
  SELECT
    agent_id,
    CAST(NULL AS VARCHAR) AS person_id,
    username,
    -- The rights are those of the last role, the account for them is the agent's.
    CASE WHEN is_assumed OR identity IN (SELECT actor_id FROM holders) THEN identity ELSE agent_id END AS holder_id,
    log_source,
    -- Who impersonates somebody in Kubernetes needs the right to do that, and for the rest the other's.
    CASE WHEN is_impersonated THEN 'impersonate' ELSE action END AS action,
    rights,
    CASE
      WHEN NOT is_impersonated THEN thing
      WHEN person_id LIKE 'system:serviceaccount:%' THEN split_part(person_id, ':', 3) || '/serviceaccounts/' || split_part(person_id, ':', 4)
      ELSE 'users/' || person_id
    END AS thing,
    is_admin,
    in_window,
    n_events,
    first_at,
    last_at,
    last_ref
  FROM acts

  UNION ALL

  SELECT
    agent_id, person_id, person_id, person_id, log_source, action, rights, thing, is_admin, in_window, n_events, first_at, last_at, last_ref
  FROM acts
  WHERE takes_rights AND person_id NOT IN (agent_id, coalesce(username, agent_id))
)

SELECT
  row_number() OVER (
    ORDER BY agent_id, person_id, username, holder_id, log_source, action, rights, thing, is_admin, in_window, last_ref
  ) AS use_id,
  agent_id,
  person_id,
  username,
  holder_id,
  log_source,
  action,
  rights,
  thing,
  is_admin,
  in_window,
  n_events,
  first_at,
  last_at,
  last_ref
FROM owned
