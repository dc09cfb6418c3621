-- One act in Google Cloud whose permissions the log names, and how they stand to the roles that are bound to its holder.
-- step
WITH asked AS (
  SELECT use_id, holder_id, thing, last_at, split_part(told, '@', 1) AS permission, nullif(split_part(told, '@', 2), '') AS project
  FROM (SELECT use_id, holder_id, thing, last_at, unnest(string_split(rights, ' ')) AS told FROM system_acts WHERE log_source = 'gcp-audit') AS u
),

-- Whom a binding names as a group, a domain or a set may be anybody in it.
bindings AS (
  SELECT
    actor_id,
    role,
    -- Less the service before it: projects/shop, folders/1, organizations/1, projects/_/buckets/till.
    regexp_replace(name, '^//[^/]+/', '') AS place,
    actor_id IN ('allUsers', 'allAuthenticatedUsers') AS is_anybody,
    actor_id IN (SELECT actor_id FROM actors WHERE kind = 'group') OR NOT regexp_matches(actor_id, '@|^principal://') AS may_be_group,
    conditional IS NOT NULL AS is_conditional,
    expires_at
  FROM grants
  WHERE type = 'entitlement' AND role LIKE '%roles/%'
),

-- 3: a role covers it, 2: on a condition, 1: perhaps, for the role, its member or its place is not told.
met AS (
  SELECT
    a.use_id,
    a.permission,
    a.project,
    coalesce(max(CASE
      WHEN b.actor_id IS NULL THEN 0
      WHEN d.role IS NOT NULL AND NOT is_action_of(lower(a.permission), lower(d.actions)) THEN 0
      WHEN d.role IS NULL OR NOT (b.is_anybody OR b.actor_id = a.holder_id) THEN 1
      WHEN b.place LIKE 'folders/%' OR b.place = b.role THEN 1
      WHEN b.is_conditional THEN 2
      ELSE 3
    END), 0) AS degree
  FROM asked AS a
  LEFT JOIN bindings AS b
    ON (b.is_anybody OR b.actor_id = a.holder_id OR b.may_be_group) AND holds_at(b.expires_at, a.last_at)
    AND (
      regexp_matches(b.place, '^(organizations|folders)/') OR b.place = b.role OR b.place = a.project OR a.project IS NULL
      OR starts_with(a.thing || '/', b.place || '/')
      -- A bucket is listed without its project: //storage.googleapis.com/till.
      OR starts_with(a.thing || '/', 'projects/_/buckets/' || b.place || '/')
    )
  LEFT JOIN role_definitions AS d ON d.role = b.role
  GROUP BY a.use_id, a.permission, a.project
),

places AS (
  SELECT DISTINCT place FROM bindings
),

weighed AS (
  SELECT
    use_id,
    min(degree) AS degree,
    bool_and(project IN (SELECT place FROM places) AND EXISTS (SELECT 1 FROM places WHERE place LIKE 'organizations/%')) AS is_whole
  FROM met
  GROUP BY use_id
)

SELECT
  a.use_id,
  CASE
    WHEN w.degree = 3 THEN 'granted'
    WHEN w.degree = 2 THEN 'conditional'
    WHEN w.degree = 1 THEN 'unlisted'
    WHEN NOT EXISTS (SELECT 1 FROM bindings) THEN 'incomparable'
    WHEN w.is_whole AND coalesce(a.last_at > c.last_at, TRUE) THEN 'unexplained'
    ELSE 'unlisted'
  END AS standing
FROM system_acts AS a
JOIN weighed AS w ON w.use_id = a.use_id
LEFT JOIN right_changes AS c ON c.actor_id = a.holder_id
