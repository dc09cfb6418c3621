-- One action in AWS, the actions of IAM that it needs, and how these stand to the policies of its holder.
-- step
WITH held AS (
  SELECT actor_id, coalesce(role, '') AS role, name, action, excluded, conditional, expires_at, source
  FROM grants
  WHERE type = 'entitlement'
),

-- A set of permissions in Identity Center is, in each account, a role of its name and a text behind it.
sets AS (
  SELECT DISTINCT
    actor_id AS role_id,
    split_part(actor_id, ':', 5) AS account,
    regexp_extract(actor_id, '/(AWSReservedSSO_.+)_[0-9a-f]{16}$', 1) AS role
  FROM held
  WHERE actor_id LIKE 'arn:%:role/aws-reserved/sso.amazonaws.com/%'
),

assigned AS (
  SELECT h.actor_id, h.name, h.role, s.role_id
  FROM held AS h
  LEFT JOIN sets AS s ON s.account = h.name AND s.role = h.role
  WHERE regexp_matches(h.role, '^AWSReservedSSO_|^arn:[a-z-]+:sso:::permissionSet/')
),

rights AS (
  SELECT actor_id, role, name, action, excluded, conditional, expires_at, source
  FROM held
  WHERE role NOT IN (SELECT role FROM assigned)

  UNION ALL

  SELECT a.actor_id, a.role_id || ' ' || h.role, h.name, h.action, h.excluded, h.conditional, h.expires_at, h.source
  FROM assigned AS a
  JOIN held AS h ON h.actor_id = a.role_id

  UNION ALL

  SELECT actor_id, role, name, NULL, NULL, NULL, NULL, NULL
  FROM assigned
  WHERE role_id IS NULL
),

entitlements AS (
  SELECT
    actor_id,
    role,
    coalesce(source = 'aws-iam-authz-details', FALSE) AS is_policy,
    coalesce(source = 'aws-log-stores', FALSE) AS is_of_resource,
    coalesce(
      regexp_full_match(lower(coalesce(action, name)), '^([a-z0-9-]+|\*):[A-Za-z0-9*?]+$|^\*$|^\* except .*'), FALSE
    ) AS is_told,
    CASE WHEN action LIKE '* except %' THEN '%' ELSE action_pattern(coalesce(action, name)) END AS pattern,
    excluded,
    conditional,
    -- A right to an action anywhere has none.
    CASE WHEN action IS NOT NULL AND name LIKE 'arn:%' THEN action_pattern(regexp_replace(name, '\$\{[^}]*\}', '*', 'g')) END AS place,
    expires_at
  FROM rights
  -- A verb of Kubernetes is no action of AWS, though * is written alike.
  WHERE coalesce(source, '') NOT IN ('kubernetes-objects', 'steampipe-kubernetes-rbac')
),

-- A policy by its name is told where its actions are; rights in other systems say nothing of an account whose policies are known.
policies AS (
  SELECT
    actor_id,
    role,
    bool_or(is_told) OR (NOT bool_or(is_policy) AND bool_or(bool_or(is_policy)) OVER (PARTITION BY actor_id)) AS is_told
  FROM entitlements
  -- What the policy of a bucket gives comes on top of a holder's own, and tells nothing of these.
  WHERE NOT is_of_resource
  GROUP BY actor_id, CASE WHEN is_policy THEN role ELSE pattern END, role
),

holders AS (
  SELECT actor_id, bool_and(is_told) AS is_told
  FROM policies
  GROUP BY actor_id

  UNION ALL

  -- An empty list is a list: it grants nothing.
  SELECT actor_id, TRUE
  FROM actors
  WHERE entitlements_listed AND actor_id NOT IN (SELECT actor_id FROM policies)
),

names AS (
  SELECT
    action,
    nullif(regexp_extract(action, '^([a-z0-9.-]+)\.amazonaws\.com:([A-Za-z0-9_]+)$', 1), '') AS label,
    -- Less the version that some names end in: ListFunctions20150331v2.
    lower(regexp_replace(
      regexp_extract(action, '^([a-z0-9.-]+)\.amazonaws\.com:([A-Za-z0-9_]+)$', 2), '_?[0-9]{4}_?[0-9]{2}_?[0-9]{2}(v[0-9]+)?$', ''
    )) AS operation
  FROM (SELECT DISTINCT action FROM system_acts WHERE log_source <> 'kubernetes-audit') AS u
),

mapped AS (
  SELECT
    n.action,
    s.prefix,
    regexp_extract(s.operations, '(?i) ' || n.operation || '(=[^ ]*)? ') AS told,
    n.operation
  FROM names AS n
  JOIN aws_operations AS s ON s.label = n.label
),

needs AS (
  SELECT
    n.action,
    n.label,
    -- What is not known to need another action is covered by an entitlement of its name, and by no other outside it.
    m.told <> '' AS is_known,
    CASE
      WHEN m.told LIKE '%=-%' THEN []
      WHEN m.told LIKE '%=%' THEN string_split(lower(trim(split_part(m.told, '=', 2))), '+')
      ELSE [coalesce(m.prefix, n.label) || ':' || n.operation]
    END AS actions
  FROM names AS n
  LEFT JOIN mapped AS m ON m.action = n.action
),

asked AS (
  SELECT
    u.*,
    n.label,
    coalesce(n.is_known, FALSE) AS is_known,
    n.actions,
    coalesce(h.is_told, FALSE) AS is_told
  FROM system_acts AS u
  JOIN needs AS n ON n.action = u.action AND n.label IS NOT NULL
  LEFT JOIN holders AS h ON h.actor_id = u.holder_id
),

single AS (
  SELECT use_id, holder_id, last_at, unnest(actions) AS action
  FROM asked
  WHERE is_told
),

-- 3: a right covers it, 2: on a condition, 1: but it is denied.
met AS (
  SELECT
    s.use_id,
    s.action,
    coalesce(max(
      CASE
        WHEN g.actor_id IS NULL THEN 0
        WHEN is_action_of(s.action, g.excluded) THEN 1
        WHEN is_action_of(s.action, g.conditional) THEN 2
        ELSE 3
      END
    ), 0) AS degree,
    bool_or(g.place IS NULL) AS is_anywhere,
    list(DISTINCT g.place) AS places
  FROM single AS s
  LEFT JOIN entitlements AS g
    ON g.actor_id = s.holder_id AND g.is_told AND s.action LIKE g.pattern ESCAPE '!' AND holds_at(g.expires_at, s.last_at)
  GROUP BY s.use_id, s.action
),

weighed AS (
  SELECT use_id, min(degree) AS least, max(degree) AS most, bool_or(is_anywhere) AS is_anywhere, flatten(list(places)) AS places
  FROM met
  GROUP BY use_id
),

-- What is granted on some resources only: is another one named?
bounded AS (
  SELECT a.use_id, a.agent_id, a.holder_id, a.log_source, a.action, a.in_window, w.places
  FROM asked AS a
  JOIN weighed AS w ON w.use_id = a.use_id
  WHERE w.least = 3 AND NOT w.is_anywhere
),

elsewhere AS (
  SELECT DISTINCT b.use_id
  FROM in_events AS e
  CROSS JOIN run AS r
  JOIN event_actors AS k ON k.who = e.who
  LEFT JOIN role_sessions AS z ON z.session_key = e.session_key AND z.root_kind = 'agent'
  JOIN bounded AS b
    ON b.agent_id = coalesce(z.root_id, k.agent_id) AND b.action = e.action AND b.log_source = e.log_source
    AND b.in_window = is_within(e.occurred_at, r.period_from, r.period_to)
  WHERE e.outcome = 'success' AND e.tool IS NULL AND e.occurred_at <= r.as_of AND e.resource LIKE 'arn:%'
    AND len(list_filter(b.places, lambda p: lower(e.resource) LIKE p ESCAPE '!')) = 0
),

-- The text of a policy that was changed in place tells nothing of an act before that.
rewritten AS (
  SELECT i.actor_id, max(c.effective_at) AS last_at
  FROM inherited_changes AS i
  JOIN changes AS c ON c.row_id = i.changed_id
  WHERE kind_of_change(c.field) = 'shared_right'
  GROUP BY i.actor_id
)

SELECT
  a.use_id,
  a.actions,
  CASE
    WHEN NOT a.is_told THEN 'incomparable'
    WHEN a.use_id IN (SELECT use_id FROM elsewhere) THEN 'elsewhere'
    WHEN a.actions = [] OR w.least = 3 THEN 'granted'
    WHEN NOT a.is_known THEN 'unmapped'
    WHEN w.least = 2 THEN 'conditional'
    WHEN w.most > 1 THEN 'partly'
    -- Which sets he has in other accounts, and by groups, no list tells as a whole.
    WHEN a.holder_id IN (SELECT actor_id FROM assigned) OR a.last_at < x.last_at THEN 'unlisted'
    WHEN w.most = 1 THEN 'denied'
    -- Services whose resources may grant by policies of their own, which in one account is enough.
    WHEN a.label IN (
      'backup', 'cassandra', 'codeartifact', 'dynamodb', 'ecr', 'elasticfilesystem', 'es', 'events', 'glacier', 'glue', 'iot',
      'kafka', 'kinesis', 'kms', 'lambda', 's3', 'secretsmanager', 'ses', 'sns', 'sqs', 'ssm', 'states', 'sts'
    ) THEN 'unshown'
    -- Policies of these are written for services of AWS.
    WHEN a.label IN ('logs', 'xray') THEN 'unexplained'
    ELSE 'ungranted'
  END AS standing
FROM asked AS a
LEFT JOIN weighed AS w ON w.use_id = a.use_id
LEFT JOIN rewritten AS x ON x.actor_id = a.holder_id
