-- One permission to Microsoft Graph or, where that is not recorded, to another application in Entra, that an application was
-- given.
-- step
WITH given AS (
  SELECT
    actor_id,
    lower(action) AS role,
    action,
    -- For a person, and within his rights.
    conditional IS NOT NULL AS is_delegated,
    lower(name) = 'microsoft graph' AS is_graph,
    source = 'entra-service-principals' AS is_unfolded,
    privileged,
    granted_at,
    expires_at,
    ref
  FROM grants
  WHERE type = 'entitlement' AND role IS NULL
    AND regexp_full_match(action, '[A-Za-z]+([.-][A-Za-z]+)+|[0-9A-Fa-f]{8}-[0-9A-Fa-f-]{27}')
    AND (lower(name) = 'microsoft graph' OR regexp_full_match(lower(name), '[0-9a-f]{8}-[0-9a-f-]{27}'))
)

SELECT
  g.actor_id,
  coalesce(d.actions, g.action) AS title,
  lower(coalesce(d.actions, g.action)) AS permission,
  d.role IS NULL AND regexp_full_match(g.role, '[0-9a-f]{8}-[0-9a-f-]{27}') AS is_unnamed,
  g.is_delegated,
  g.is_graph,
  g.is_unfolded,
  g.privileged,
  g.granted_at,
  g.expires_at,
  g.ref
FROM given AS g
LEFT JOIN role_definitions AS d ON d.role = g.role
