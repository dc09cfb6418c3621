-- One action in a system that names no tool, beside the entitlements granted to the identity under which the agent did it.
-- agent_id text: Agent.
-- log_source text: Log.
-- action text: Action, as the log names it.
-- granted text: The same as entitlements name it, such as iam:createaccesskey; several with + where it needs them all.
-- covered flag: An entitlement covers it; FALSE: none does; empty: that cannot be told.
-- standing text: granted | ungranted | unexplained: a policy of the resource, which no list has, may allow it | denied | conditional | elsewhere: on other resources than the log names | partly: some of several | unmapped: which action it needs is not known | unlisted: no rule covers it, but there may be others | incomparable: log and entitlements name no such actions.
-- in_window flag: Inside the period under review.
-- n_events int: Events, successful ones.
-- first_at time: First of them.
-- last_at time: Last of them.
-- last_ref text: file#record of the last.
-- of events
WITH entitlements AS (
  SELECT
    actor_id,
    coalesce(role, '') AS role,
    source = 'aws-iam-authz-details' AS is_policy,
    coalesce(
      regexp_full_match(lower(coalesce(action, name)), '^([a-z0-9-]+|\*):[A-Za-z0-9*?]+$|^\*$|^\* except .*'), FALSE
    ) AS is_told,
    CASE WHEN action LIKE '* except %' THEN '%' ELSE action_pattern(coalesce(action, name)) END AS pattern,
    excluded,
    conditional,
    -- A right to an action anywhere has none.
    CASE WHEN action IS NOT NULL AND name LIKE 'arn:%' THEN action_pattern(regexp_replace(name, '\$\{[^}]*\}', '*', 'g')) END AS place,
    expires_at
  FROM grants
  WHERE type = 'entitlement'
),

-- A policy by its name is told where its actions are; rights in other systems say nothing of an account whose policies are known.
policies AS (
  SELECT
    actor_id,
    role,
    bool_or(is_told) OR (NOT bool_or(is_policy) AND bool_or(bool_or(is_policy)) OVER (PARTITION BY actor_id)) AS is_told
  FROM entitlements
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
  WHERE entitlements_listed AND actor_id NOT IN (SELECT actor_id FROM entitlements)
),

-- Where no log has any, events are not read again.
logs AS (
  SELECT DISTINCT log_source
  FROM activity
  WHERE registered AND agent_kind = 'agent' AND outcome = 'success' AND tool IS NULL AND n_action > 0
    AND (event_class = 'admin' OR log_source = 'aws-cloudtrail')
),

uses AS (
  SELECT
    k.agent_id,
    -- The rights are those of the last role, the account for them is the agent's.
    CASE WHEN coalesce(s.actor_id, k.principal_id) IN (SELECT actor_id FROM holders) THEN coalesce(s.actor_id, k.principal_id)
      ELSE k.agent_id END AS holder_id,
    e.log_source,
    e.action,
    CASE WHEN e.log_source IN ('kubernetes-audit', 'azure-activity') THEN e.resource END AS thing,
    e.event_class = 'admin' AS is_admin,
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
  WHERE e.occurred_at <= r.as_of AND e.outcome = 'success' AND e.tool IS NULL AND is_act(e.event_class)
    AND e.action IS NOT NULL AND k.registered AND k.agent_kind = 'agent'
    AND (e.event_class = 'admin' OR e.log_source = 'aws-cloudtrail')
  GROUP BY ALL
),

names AS (
  SELECT
    action,
    nullif(regexp_extract(action, '^([a-z0-9.-]+)\.amazonaws\.com:([A-Za-z0-9_]+)$', 1), '') AS label,
    -- Less the version that some names end in: ListFunctions20150331v2.
    lower(regexp_replace(
      regexp_extract(action, '^([a-z0-9.-]+)\.amazonaws\.com:([A-Za-z0-9_]+)$', 2), '_?[0-9]{4}_?[0-9]{2}_?[0-9]{2}(v[0-9]+)?$', ''
    )) AS operation
  FROM (SELECT DISTINCT action FROM uses) AS u
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
    row_number() OVER () AS use_id,
    u.*,
    n.label,
    coalesce(n.is_known, FALSE) AS is_known,
    CASE WHEN n.label IS NOT NULL THEN n.actions END AS actions,
    coalesce(h.is_told, FALSE) AS is_told
  FROM uses AS u
  JOIN needs AS n ON n.action = u.action
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
  JOIN bounded AS b
    ON b.agent_id = k.agent_id AND b.action = e.action AND b.log_source = e.log_source
    AND b.in_window = is_within(e.occurred_at, r.period_from, r.period_to)
  WHERE e.outcome = 'success' AND e.tool IS NULL AND e.occurred_at <= r.as_of AND e.resource LIKE 'arn:%'
    AND len(list_filter(b.places, lambda p: lower(e.resource) LIKE p ESCAPE '!')) = 0
),

-- Kubernetes: a verb on shop/pods, pods (of any namespace), pods/log or configmaps/inbox,outbox.
verbs AS (
  SELECT actor_id, lower(action) AS verb, expires_at, unnest(string_split(pattern_of(name), ',')) AS part, pattern_of(name) AS whole
  FROM grants
  WHERE type = 'entitlement' AND action NOT LIKE '%:%' AND action NOT LIKE '* except %'
),

rules AS (
  SELECT
    actor_id,
    verb,
    expires_at,
    CASE WHEN contains(part, '/') OR whole = part THEN part ELSE regexp_extract(whole, '^(.*/)[^/]*$', 1) || part END AS pattern,
    -- Of pods/log the resource and what belongs to it: pods, log; its group stands behind the latter: deployments/scale.apps.
    regexp_replace(whole, '^(.*)/([^/.]+)(\.[^/]+)?$', '\1\3') AS head,
    regexp_extract(whole, '/([^/.]+)(\.[^/]+)?$', 1) AS tail
  FROM verbs
),

doings AS (
  SELECT a.use_id, a.thing, v.pattern, v.head, v.tail
  FROM asked AS a
  JOIN rules AS v
    ON v.verb IN (a.action, '*') AND holds_at(v.expires_at, a.last_at) AND (
      v.actor_id IN (a.holder_id, 'system:authenticated')
      OR (a.holder_id LIKE 'system:serviceaccount:%' AND v.actor_id IN (
        'system:serviceaccounts', 'system:serviceaccounts:' || split_part(a.holder_id, ':', 3)
      ))
    )
  WHERE a.log_source = 'kubernetes-audit' AND a.thing IS NOT NULL
),

-- Azure: roles that say by their name what they allow, on all below their scope.
scopes AS (
  SELECT
    actor_id,
    CASE WHEN lower(role) = 'reader' THEN '%/read' ELSE '%' END AS pattern,
    lower(role) = 'contributor' AS is_contributor,
    literal(lower(rtrim(name, '/'))) AS scope,
    expires_at
  FROM grants
  WHERE type = 'entitlement' AND lower(role) IN ('owner', 'contributor', 'reader') AND name LIKE '/%' AND conditional IS NULL
),

allowed AS (
  SELECT a.use_id
  FROM asked AS a
  JOIN scopes AS s
    ON s.actor_id = a.holder_id AND holds_at(s.expires_at, a.last_at) AND lower(a.action) LIKE s.pattern
    AND (lower(a.thing) || '/') LIKE s.scope || '/%' ESCAPE '!'
  -- What a contributor may not, and what is near to it.
  WHERE a.log_source = 'azure-activity' AND NOT (s.is_contributor AND regexp_matches(
    lower(a.action),
    '^microsoft\.(authorization|blueprint|purview|subscription)/.*(write|delete|action)$|/managedenysetting/|/galleries/share/'
  ))

  UNION

  SELECT use_id
  FROM doings
  WHERE (thing LIKE pattern ESCAPE '!')
    OR (thing LIKE pattern || '/%' ESCAPE '!' AND thing NOT LIKE pattern || '/%/%' ESCAPE '!')
    OR (thing LIKE '%/' || pattern ESCAPE '!' AND thing NOT LIKE '%/%/' || pattern ESCAPE '!')
    OR (thing LIKE '%/' || pattern || '/%' ESCAPE '!' AND thing NOT LIKE '%/%/' || pattern || '/%' ESCAPE '!'
      AND thing NOT LIKE '%/' || pattern || '/%/%' ESCAPE '!')
    OR (tail <> '' AND thing LIKE head || '/%/' || tail ESCAPE '!' AND thing NOT LIKE head || '/%/%/' || tail ESCAPE '!')
    OR (tail <> '' AND thing LIKE '%/' || head || '/%/' || tail ESCAPE '!' AND thing NOT LIKE '%/%/' || head || '/%/' || tail ESCAPE '!'
      AND thing NOT LIKE '%/' || head || '/%/%/' || tail ESCAPE '!')
),

judged AS (
  SELECT
    a.*,
    CASE
      WHEN a.use_id IN (SELECT use_id FROM allowed) THEN 'granted'
      WHEN a.log_source = 'kubernetes-audit' AND a.thing IS NOT NULL AND a.holder_id IN (SELECT actor_id FROM rules) THEN 'unlisted'
      WHEN a.label IS NULL OR NOT a.is_told THEN 'incomparable'
      WHEN a.use_id IN (SELECT use_id FROM elsewhere) THEN 'elsewhere'
      WHEN a.actions = [] OR w.least = 3 THEN 'granted'
      WHEN NOT a.is_known THEN 'unmapped'
      WHEN w.least = 2 THEN 'conditional'
      WHEN w.most > 1 THEN 'partly'
      WHEN w.most = 1 THEN 'denied'
      -- Services whose resources may grant by policies of their own.
      WHEN a.label IN (
        'backup', 'cassandra', 'codeartifact', 'dynamodb', 'ecr', 'elasticfilesystem', 'es', 'events', 'glacier', 'glue', 'iot',
        'kafka', 'kinesis', 'kms', 'lambda', 'logs', 's3', 'secretsmanager', 'ses', 'sns', 'sqs', 'ssm', 'states', 'sts', 'xray'
      ) THEN 'unexplained'
      ELSE 'ungranted'
    END AS standing
  FROM asked AS a
  LEFT JOIN weighed AS w ON w.use_id = a.use_id
)

SELECT
  agent_id,
  log_source,
  action,
  coalesce(
    nullif(array_to_string(actions, '+'), ''),
    CASE WHEN standing <> 'incomparable' THEN action || ' ' || thing END,
    lower(regexp_replace(action, '\.amazonaws\.com:', ':'))
  ) AS granted,
  CASE
    WHEN standing = 'granted' THEN TRUE
    WHEN standing IN ('ungranted', 'unexplained', 'denied') THEN FALSE
  END AS covered,
  standing,
  in_window,
  CAST(sum(n_events) AS BIGINT) AS n_events,
  min(first_at) AS first_at,
  max(last_at) AS last_at,
  arg_max(last_ref, (last_at, last_ref)) AS last_ref
FROM judged
-- Of what is no administration, a log whose names no entitlement has says nothing.
WHERE is_admin OR standing NOT IN ('incomparable', 'unmapped')
GROUP BY ALL
