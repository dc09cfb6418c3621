-- One entitlement that holds on the day of the report, or one right of any kind to *, and its bound: admin_role and admin_action
-- give the rest, any_action, any_role and no_bound have none, by_name tells no more than the name of its policy or role, by_proxy
-- allows what somebody else may, unclear names neither an action nor a role; rank puts the widest first. plain_role and permission are the role and what names none in
-- small letters, as our lists have them.
-- part
WITH held AS (
  SELECT
    m.actor_id, g.type, g.name, g.action, g.role, g.ref,
    d.role IS NOT NULL AS is_defined,
    COALESCE(d.is_any, FALSE) AS is_any,
    COALESCE(d.is_admin, FALSE) AS is_admin,
    g.conditional IS NULL AS is_own,
    REPLACE(LOWER(g.role), 'arn:aws:iam::aws:policy/', '') AS plain_role,
    CASE WHEN g.role IS NULL THEN LOWER(COALESCE(d.actions, g.action)) END AS permission,
    -- What an id stands for is told by its definition only.
    LOWER(COALESCE(g.action, g.role)) LIKE '________-____-____-____-____________' AS is_id,
    COUNT(g.action) OVER (PARTITION BY m.actor_id, g.role) AS n_told,
    -- What stands before a closing *; a * left in it is one in the middle.
    TRIM(REPLACE(g.name || ' ', '* ', '')) AS prefix
  FROM right_holders AS m
  JOIN grants AS g ON g.actor_id = m.holder_id
  CROSS JOIN run AS r
  LEFT JOIN defined_roles AS d ON d.role = LOWER(COALESCE(g.action, g.role)) AND (g.action IS NULL OR g.role IS NULL)
  WHERE (g.type = 'entitlement' OR TRIM(g.name) = '*') AND (g.expires_at IS NULL OR g.expires_at > r.as_of)
    AND (m.expires_at IS NULL OR m.expires_at > r.as_of)
    -- What everything is taken out of gives nothing.
    AND NOT COALESCE(stands_among('*', g.excluded), FALSE)
),

assessed AS (
  SELECT
    h.actor_id, h.type, h.name, h.action, h.role, h.ref, h.plain_role, h.permission,
    CASE
      WHEN p.is_admin THEN 'admin_role'
      WHEN t.name IS NOT NULL THEN 'admin_action'
      WHEN h.action LIKE '%*%' OR LOWER(h.action) IN ('all', 'any') THEN 'any_action'
      -- In an action of AWS, ? stands for any character.
      WHEN h.action LIKE '%:%?%' AND h.action NOT LIKE '%/%' THEN 'any_action'
      WHEN h.prefix IN ('', '/') OR h.prefix LIKE '%*%' THEN 'no_bound'
      WHEN h.name LIKE '%*' AND (h.prefix LIKE '%:' OR h.prefix LIKE '%://') THEN 'no_bound'
      WHEN h.action IS NULL AND (h.is_any OR (h.plain_role = 'contributor' AND h.name LIKE '/%')) THEN 'any_role'
      -- Google Cloud names the administrator of a service so.
      WHEN h.action IS NULL AND (h.is_admin OR h.plain_role LIKE 'roles/%.admin') THEN 'admin_role'
      -- Kubernetes, "Role Based Access Control Good Practices": what raises its holder.
      WHEN h.role IS NOT NULL AND (
        (h.action = 'escalate' AND h.name LIKE '%roles.rbac.authorization.k8s.io%')
        OR (h.action = 'bind' AND h.name LIKE ANY ('%roles.rbac.authorization.k8s.io', '%roles.rbac.authorization.k8s.io/%cluster-admin%'))
        OR (h.action = 'impersonate' AND '/' || h.name LIKE ANY ('%/users', '%/groups', '%/serviceaccounts', '%/groups/%system:masters%'))
        OR (h.action IN ('get', 'list', 'watch') AND h.name = 'secrets')
        OR (h.action = 'create' AND h.name = 'serviceaccounts/token')
        OR h.name = 'nodes/proxy'
      ) THEN 'admin_action'
      WHEN h.role IS NOT NULL AND h.action = 'bind' AND h.name LIKE '%roles.rbac.authorization.k8s.io/%' THEN 'by_proxy'
      WHEN h.role IS NOT NULL AND h.action = 'impersonate' AND '/' || h.name LIKE ANY ('%/users/%', '%/groups/%', '%/serviceaccounts/%')
        THEN 'by_proxy'
      WHEN h.role IS NULL AND h.action IS NULL THEN 'unclear'
      WHEN h.action IS NULL AND h.role LIKE 'arn:%' AND h.n_told = 0 THEN 'by_name'
      WHEN h.is_id AND NOT h.is_defined THEN 'by_name'
      -- A role of Azure, Entra, Google Cloud or Kubernetes that neither its vendor nor the files define.
      WHEN h.action IS NULL AND NOT h.is_defined AND p.name IS NULL AND (
        LOWER(h.name) LIKE ANY ('directory', '/', '/administrativeunits/%', '/subscriptions/%', '/providers/microsoft.management/%')
        OR h.plain_role LIKE ANY ('projects/%/roles/%', 'organizations/%/roles/%', 'roles/%admin', 'roles/%admin.%', 'roles/%owner')
        OR (h.plain_role NOT LIKE 'roles/%' AND '/' || h.name LIKE '%/' || literal(h.role) ESCAPE '!')
      ) THEN 'by_name'
      ELSE 'bounded'
    END AS bound
  FROM held AS h
  LEFT JOIN published_rights AS p ON p.form = 'role' AND p.name = h.plain_role
  LEFT JOIN published_rights AS t ON t.name = h.permission AND (t.form = 'permission' OR (t.form = 'app_permission' AND h.is_own))
)

SELECT
  j.actor_id,
  j.type,
  j.name,
  j.action,
  j.role,
  j.plain_role,
  j.permission,
  j.bound,
  CASE
    WHEN j.bound IN ('admin_role', 'admin_action') THEN 1
    WHEN j.bound IN ('by_name', 'by_proxy') THEN 3
    WHEN j.bound = 'unclear' THEN 4
    WHEN j.bound = 'bounded' THEN 5
    ELSE 2
  END AS rank,
  j.ref
FROM assessed AS j
