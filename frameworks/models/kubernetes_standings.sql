-- One request to Kubernetes, and how it stands to the rules that bind its holder and the groups that he is in.
-- step
WITH verbs AS (
  -- A verb on shop/pods, pods (of any namespace), pods/log or configmaps/inbox,outbox.
  SELECT
    actor_id,
    lower(action) AS verb,
    expires_at,
    name,
    unnest(string_split(pattern_of(name), ',')) AS part,
    pattern_of(name) AS whole
  FROM grants
  WHERE type = 'entitlement' AND action NOT LIKE '%:%' AND action NOT LIKE '* except %'
),

rules AS (
  SELECT
    actor_id,
    verb,
    expires_at,
    name,
    CASE WHEN contains(part, '/') OR whole = part THEN part ELSE regexp_extract(whole, '^(.*/)[^/]*$', 1) || part END AS pattern,
    -- Of pods/log the resource and what belongs to it: pods, log; its group stands behind the latter: deployments/scale.apps.
    regexp_replace(whole, '^(.*)/([^/.]+)(\.[^/]+)?$', '\1\3') AS head,
    regexp_extract(whole, '/([^/.]+)(\.[^/]+)?$', 1) AS tail
  FROM verbs
),

requests AS (
  SELECT
    use_id,
    holder_id,
    thing,
    action,
    last_at,
    username LIKE 'system:serviceaccount:%' AS is_account,
    CASE
      WHEN username LIKE 'system:serviceaccount:%' THEN
        [holder_id, username, 'system:authenticated', 'system:serviceaccounts', 'system:serviceaccounts:' || split_part(username, ':', 3)]
      ELSE [holder_id, username, 'system:authenticated']
    END AS holders,
    -- shop/deployments.apps/web/scale as its parts, less the group of the resource.
    list_transform(string_split(thing, '/'), lambda x: split_part(x, '.', 1)) AS parts
  FROM system_acts
  WHERE log_source = 'kubernetes-audit' AND thing IS NOT NULL
),

holding AS (
  SELECT DISTINCT use_id, action, thing, parts, last_at, unnest(holders) AS actor_id
  FROM requests
),

doings AS (
  SELECT DISTINCT
    q.use_id,
    q.thing,
    q.parts,
    v.pattern,
    v.head,
    v.tail,
    list_transform(string_split(v.name, '/'), lambda x: split_part(x, '.', 1)) AS rule_parts
  FROM holding AS q
  JOIN rules AS v ON v.actor_id = q.actor_id AND v.verb IN (q.action, '*') AND holds_at(v.expires_at, q.last_at)
),

allowed AS (
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

-- Rules that may cover it if names, groups and parts are read generously, for what is written as one text has lost which is which.
perhaps AS (
  SELECT DISTINCT use_id
  FROM doings
  WHERE (rule_parts[1] IN ('*', parts[1]) OR rule_parts[1] = parts[2])
    AND (rule_parts[1] <> parts[1] OR len(rule_parts) = 1 OR list_has_any(rule_parts[2:], list_append(parts[2:], '*')))
    AND (len(parts) < 4 OR list_has_any(rule_parts, ['*', parts[4]]))
),

-- A role of which no rule was provided.
unread AS (
  SELECT DISTINCT actor_id
  FROM grants
  WHERE type = 'entitlement' AND role IS NOT NULL AND action IS NULL
),

-- Every cluster binds these by itself: who exports all namespaces has them all, who exports one has not.
export AS (
  SELECT
    bool_or(actor_id = 'system:masters' AND action = '*') AND bool_or(name LIKE 'kube-system/%') AND bool_or(name LIKE 'kube-public/%') AS is_whole
  FROM grants
  WHERE type = 'entitlement'
),

-- What was bound until then may have been unbound.
amended AS (
  SELECT max(occurred_at) AS last_at
  FROM in_events
  WHERE log_source = 'kubernetes-audit' AND outcome = 'success' AND action IN ('delete', 'deletecollection', 'update', 'patch')
    AND regexp_matches(resource, '(^|/)(cluster)?role(binding)?s\.rbac\.authorization\.k8s\.io(/|$)')
)

SELECT
  q.use_id,
  CASE
    WHEN q.use_id IN (SELECT use_id FROM allowed) THEN 'granted'
    WHEN x.is_whole AND q.is_account AND q.use_id NOT IN (SELECT use_id FROM perhaps)
      AND q.use_id NOT IN (SELECT use_id FROM holding WHERE actor_id IN (SELECT actor_id FROM unread))
      AND coalesce(q.last_at > m.last_at, TRUE) THEN 'ungranted'
    WHEN q.holder_id IN (SELECT actor_id FROM rules) THEN 'unlisted'
    ELSE 'incomparable'
  END AS standing
FROM requests AS q
CROSS JOIN export AS x
CROSS JOIN amended AS m
