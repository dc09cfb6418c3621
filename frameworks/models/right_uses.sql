-- One administrative action that names no tool, beside the entitlements granted to the agent.
-- agent_id text: Agent.
-- log_source text: Log.
-- action text: Action, as the log names it.
-- granted text: The same as entitlements name it, such as iam:createaccesskey.
-- covered flag: An entitlement of the agent covers it; FALSE: none does; empty: log and entitlements cannot be compared.
-- in_window flag: Inside the period under review.
-- n_events int: Events, successful ones.
-- first_at time: First of them.
-- last_at time: Last of them.
-- last_ref text: file#record of the last.
-- of events
WITH entitlements AS (
  SELECT
    actor_id,
    coalesce(regexp_full_match(lower(coalesce(action, name)), '^([a-z0-9-]+|\*):[A-Za-z0-9*?]+$|^\*$'), FALSE) AS is_told,
    replace(pattern_of(lower(coalesce(action, name))), '?', '_') AS pattern,
    expires_at
  FROM grants
  WHERE type = 'entitlement'
),

rights AS (
  SELECT actor_id, bool_and(is_told) AS is_told, list(pattern) AS patterns, list(expires_at) AS ends
  FROM entitlements
  GROUP BY actor_id

  UNION ALL

  -- An empty list is a list: it grants nothing.
  SELECT actor_id, TRUE, [], []
  FROM actors
  WHERE entitlements_listed AND actor_id NOT IN (SELECT actor_id FROM entitlements)
),

-- Where no log has any, events are not read again.
logs AS (
  SELECT DISTINCT log_source
  FROM activity
  WHERE registered AND agent_kind = 'agent' AND outcome = 'success' AND tool IS NULL AND event_class = 'admin' AND n_action > 0
),

uses AS (
  SELECT
    k.agent_id,
    e.log_source,
    e.action,
    is_within(e.occurred_at, r.period_from, r.period_to) AS in_window,
    count(*) AS n_events,
    min(e.occurred_at) AS first_at,
    max(e.occurred_at) AS last_at,
    arg_max(ref_to(e.file, e.record), (e.occurred_at, e.part, e.record)) AS last_ref
  FROM logs AS l
  JOIN in_events AS e ON e.log_source = l.log_source
  CROSS JOIN run AS r
  JOIN event_actors AS k ON k.who = e.who
  WHERE e.occurred_at <= r.as_of AND e.outcome = 'success' AND e.tool IS NULL AND e.event_class = 'admin'
    AND e.action IS NOT NULL AND k.registered AND k.agent_kind = 'agent'
  GROUP BY ALL
),

named AS (
  SELECT
    u.*,
    nullif(regexp_extract(u.action, '^([a-z0-9-]+)\.amazonaws\.com:([A-Za-z0-9]+)$', 1), '') AS service,
    lower(regexp_replace(u.action, '^([a-z0-9-]+)\.amazonaws\.com:([A-Za-z0-9]+)$', '\1:\2')) AS granted
  FROM uses AS u
)

SELECT
  n.agent_id,
  n.log_source,
  n.action,
  n.granted,
  -- Empty where no comparison would be sound: another kind of log, a service that logs other names, or an agent with an
  -- entitlement whose actions are not told, such as a policy by its name.
  CASE
    WHEN n.service IS NULL OR g.is_told IS DISTINCT FROM TRUE THEN NULL
    WHEN len(list_filter(
      list_zip(g.patterns, g.ends), lambda p: n.granted LIKE p[1] ESCAPE '!' AND (p[2] IS NULL OR p[2] >= n.last_at)
    )) > 0 THEN TRUE
    -- Services of AWS whose events carry the name of the action that IAM grants; others, such as S3, log names of their own.
    WHEN n.service IN (
      'cloudtrail', 'config', 'dynamodb', 'ec2', 'ecs', 'eks', 'guardduty', 'iam', 'kms', 'logs', 'organizations', 'rds',
      'secretsmanager', 'sns', 'sqs', 'ssm', 'sts'
    ) THEN FALSE
  END AS covered,
  n.in_window,
  n.n_events,
  n.first_at,
  n.last_at,
  n.last_ref
FROM named AS n
LEFT JOIN rights AS g ON g.actor_id = n.agent_id
