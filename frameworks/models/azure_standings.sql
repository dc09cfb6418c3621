-- One operation in Azure, and how it stands to the roles that are assigned to its holder on the object or above it.
-- step
WITH assignments AS (
  SELECT
    g.actor_id,
    coalesce(g.actor_id NOT IN (SELECT actor_id FROM actors WHERE kind <> 'group'), TRUE) AS may_be_group,
    lower(g.role) AS role,
    rtrim(lower(g.name), '/') AS scope,
    g.conditional IS NOT NULL OR coalesce(g.activation, FALSE) AS is_conditional,
    g.expires_at
  FROM grants AS g
  WHERE g.type = 'entitlement' AND g.role IS NOT NULL AND g.name LIKE '/%'
    AND regexp_matches(lower(g.name), '^/$|^/(subscriptions|providers/microsoft\.management)/')
),

-- Roles that say by their name what they allow, and those of which a definition was provided. What a contributor may not.
roles AS (
  SELECT 'owner' AS role, '*' AS actions, NULL AS excluded
  UNION ALL
  SELECT 'reader', '*/read', NULL
  UNION ALL
  SELECT
    'contributor',
    '*',
    'microsoft.authorization/*/delete microsoft.authorization/*/write microsoft.authorization/elevateaccess/action'
      || ' microsoft.blueprint/blueprintassignments/write microsoft.blueprint/blueprintassignments/delete'
      || ' microsoft.compute/galleries/share/action microsoft.purview/consents/write microsoft.purview/consents/delete'
      || ' microsoft.resources/deploymentstacks/managedenysetting/action microsoft.subscription/cancel/action microsoft.subscription/enable/action'
  UNION ALL
  SELECT lower(role), lower(actions), lower(excluded)
  FROM role_definitions
  WHERE lower(role) NOT IN ('owner', 'reader', 'contributor')
),

acts AS (
  SELECT use_id, holder_id, lower(action) AS action, lower(thing) || '/' AS thing, last_at
  FROM system_acts
  WHERE log_source = 'azure-activity' AND thing IS NOT NULL
),

-- 3: a role covers it, 2: on a condition, or perhaps: another's role may be that of a group, 1: a role that is not told.
met AS (
  SELECT
    a.use_id,
    max(CASE
      WHEN r.role IS NULL THEN CASE WHEN g.actor_id = a.holder_id OR g.may_be_group THEN 1 ELSE 0 END
      WHEN NOT is_action_of(a.action, r.actions) OR coalesce(is_action_of(a.action, r.excluded), FALSE) THEN 0
      WHEN g.actor_id = a.holder_id THEN CASE WHEN g.is_conditional THEN 2 ELSE 3 END
      WHEN g.may_be_group THEN 1
      ELSE 0
    END) AS degree
  FROM acts AS a
  JOIN assignments AS g ON starts_with(a.thing, g.scope || '/') AND holds_at(g.expires_at, a.last_at)
  LEFT JOIN roles AS r ON r.role = g.role
  GROUP BY a.use_id
),

-- Assignments above subscriptions are listed where an export gives what a subscription inherits.
export AS (
  SELECT coalesce(bool_or(scope = '' OR scope LIKE '/providers/%'), FALSE) AS has_parents
  FROM assignments
),

subscriptions AS (
  SELECT DISTINCT split_part(scope, '/', 3) AS subscription
  FROM assignments
  WHERE scope LIKE '/subscriptions/%'
)

SELECT
  a.use_id,
  CASE
    WHEN m.degree = 3 THEN 'granted'
    WHEN m.degree = 2 THEN 'conditional'
    WHEN m.degree = 1 THEN 'unlisted'
    WHEN x.has_parents AND split_part(a.thing, '/', 3) IN (SELECT subscription FROM subscriptions)
      AND a.holder_id IN (SELECT actor_id FROM assignments) AND coalesce(a.last_at > c.last_at, TRUE) THEN 'ungranted'
    WHEN a.holder_id IN (SELECT actor_id FROM assignments) THEN 'unlisted'
    ELSE 'incomparable'
  END AS standing
FROM acts AS a
CROSS JOIN export AS x
LEFT JOIN met AS m ON m.use_id = a.use_id
LEFT JOIN right_changes AS c ON c.actor_id = a.holder_id
