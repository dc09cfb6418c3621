-- One right in AWS or permission to Microsoft Graph, of an agent or its role, and what is known of its use.
-- agent_id text: Agent.
-- name text: Actions, as the policy has them, such as s3:Get*.
-- privileged flag: Privileged right.
-- since_at time: Since when it was granted, at the latest; empty: not known.
-- is_shown flag: A log would show its use: such events are selected, and some operation needs it.
-- is_watched flag: AWS itself keeps when it was last used.
-- is_boundless flag: It gives actions of services that it does not name, such as * or i*:*.
-- n_used int: Different actions of it that were used.
-- last_at time: Last use, as a log or AWS tells; empty: none is known.
-- ref text: file#record of the right.
-- of events
WITH policies AS (
  SELECT
    actor_id,
    coalesce(action, name) AS action,
    privileged,
    granted_at,
    expires_at,
    ref
  FROM grants
  -- A verb of Kubernetes is no action of AWS, though * is written alike.
  WHERE type = 'entitlement' AND source NOT IN ('kubernetes-objects', 'steampipe-kubernetes-rbac')
    AND regexp_full_match(lower(coalesce(action, name)), '[a-z0-9*?-]+:[a-z0-9*?]+|[*?]+|\* except .*')
),

holders AS (
  SELECT actor_id AS agent_id, actor_id AS holder_id FROM agents
  UNION
  SELECT a.actor_id, coalesce(s.actor_id, a.principal_id)
  FROM agents AS a
  LEFT JOIN same_as AS s ON s.alias = a.principal_id
  WHERE a.principal_id IS NOT NULL
),

rights AS (
  SELECT
    h.agent_id,
    g.actor_id AS holder_id,
    g.action AS name,
    CASE WHEN g.action LIKE '* except %' THEN '%' ELSE action_pattern(g.action) END AS pattern,
    lower(split_part(g.action, ':', 1)) AS service,
    lower(split_part(g.action, ':', 2)) AS operation,
    bool_or(coalesce(g.privileged, FALSE)) AS privileged,
    bool_or(g.granted_at IS NULL) AS is_undated,
    max(g.granted_at) AS granted_at,
    min(g.ref) AS ref
  FROM holders AS h
  JOIN policies AS g ON g.actor_id = h.holder_id
  CROSS JOIN run AS r
  WHERE g.expires_at IS NULL OR g.expires_at > r.as_of
  GROUP BY h.agent_id, g.actor_id, g.action
),

uses AS (
  SELECT u.holder_id, u.last_at, unnest(s.actions) AS action
  FROM system_acts AS u
  JOIN aws_standings AS s ON s.use_id = u.use_id
  WHERE u.person_id IS NULL
),

used AS (
  SELECT r.agent_id, r.holder_id, r.name, count(DISTINCT u.action) AS n_used, max(u.last_at) AS last_at
  FROM rights AS r
  JOIN uses AS u ON u.holder_id = r.holder_id AND u.action LIKE r.pattern ESCAPE '!'
  GROUP BY r.agent_id, r.holder_id, r.name
),

-- What AWS keeps of an action, of all actions of a service, or of some of those that the right gives.
watched AS (
  SELECT
    r.agent_id,
    r.holder_id,
    r.name,
    bool_or(lower(w.action) IN (lower(r.name), r.service || ':*')) AS is_whole,
    max(w.used_at) AS last_at
  FROM rights AS r
  CROSS JOIN run AS p
  -- What was told long ago, or of an action that AWS does not follow, is no witness.
  JOIN last_accesses AS w
    ON w.actor_id = r.holder_id AND w.checked_at >= p.as_of - INTERVAL 30 DAY AND r.operation <> 'passrole'
    -- A use after the report date hides the one before.
    AND (w.used_at IS NULL OR w.used_at <= p.as_of)
    -- When a service was last used says nothing of one of its actions, unless none was.
    AND (lower(w.action) LIKE r.pattern ESCAPE '!' OR (lower(w.action) = r.service || ':*' AND w.used_at IS NULL))
  GROUP BY r.agent_id, r.holder_id, r.name
),

-- What every trail is told to log; of one that does not tell, or is of one region, nothing is.
trail AS (
  SELECT CASE WHEN count(*) = count(selects) THEN list_reduce(list(string_split(selects, ' ')), lambda x, y: list_intersect(x, y)) END AS selected
  FROM log_stores
  WHERE log_source = 'aws-cloudtrail'
),

-- Of a log that shows changes of rights, and none of the holder's, what is granted now was granted from the start.
amended AS (
  SELECT DISTINCT actor_id, kind_of_change(field) AS kind
  FROM changes
  WHERE source = 'aws-cloudtrail' AND kind_of_change(field) IN ('entitlement', 'shared_right') AND effective_at >= period_from()
),

steady AS (
  SELECT
    EXISTS (SELECT 1 FROM amended) AND NOT EXISTS (SELECT 1 FROM amended WHERE kind = 'shared_right')
    AND NOT EXISTS (
      SELECT 1
      FROM in_events AS e
      CROSS JOIN run AS r
      WHERE e.log_source = 'aws-cloudtrail' AND e.occurred_at >= r.period_from
        AND e.action IN ('iam.amazonaws.com:CreatePolicyVersion', 'iam.amazonaws.com:SetDefaultPolicyVersion')
    ) AS is_told
),

needed AS (
  SELECT DISTINCT r.name
  FROM rights AS r
  JOIN aws_operations AS o ON o.prefix = r.service
  -- Only a name without * and ? is part of a pattern: of the others some are none.
  WHERE CASE
    WHEN regexp_matches(r.operation, '[*?]') THEN TRUE
    ELSE regexp_matches(o.operations, '(?i)( ' || r.operation || ' |[=+]' || r.service || ':' || r.operation || '[+ ])')
  END
)

SELECT
  r.agent_id,
  r.name,
  r.privileged,
  CASE
    WHEN NOT r.is_undated THEN r.granted_at
    WHEN h.created_at < p.period_from AND y.is_told AND r.holder_id NOT IN (SELECT actor_id FROM amended) THEN p.period_from
  END AS since_at,
  coalesce(r.name IN (SELECT name FROM needed) AND (
    list_contains(t.selected, r.service)
    -- Services all whose operations are management events, less the actions that no operation tells.
    OR (list_contains(t.selected, 'management') AND r.service IN (
      'account', 'autoscaling', 'budgets', 'codepipeline', 'config', 'ec2', 'iam', 'inspector2', 'organizations', 'ram', 'rds', 'route53',
      'secretsmanager'
    ) AND r.operation NOT IN (
      'passrole', 'crossregioncommunication', 'downloadcompletedblogfile', 'injectapierror', 'injectvolumeiolatency', 'pausevolumeio',
      'sendspotinstanceinterruptions'
    ))
  ), FALSE) AS is_shown,
  coalesce(w.is_whole, FALSE) AS is_watched,
  regexp_matches(r.service, '[*?]') AS is_boundless,
  coalesce(u.n_used, 0) AS n_used,
  greatest(u.last_at, w.last_at) AS last_at,
  r.ref
FROM rights AS r
CROSS JOIN run AS p
CROSS JOIN trail AS t
CROSS JOIN steady AS y
LEFT JOIN actors AS h ON h.actor_id = r.holder_id
LEFT JOIN used AS u ON u.agent_id = r.agent_id AND u.holder_id = r.holder_id AND u.name = r.name
LEFT JOIN watched AS w ON w.agent_id = r.agent_id AND w.holder_id = r.holder_id AND w.name = r.name

UNION ALL

SELECT agent_id, name, privileged, since_at, is_shown, FALSE, FALSE, CASE WHEN last_at IS NULL THEN 0 ELSE 1 END, last_at, ref
FROM graph_rights
