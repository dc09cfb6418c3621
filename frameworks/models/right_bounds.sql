-- One entitlement that holds on the day of the report, or one right of any kind to *, and its bound: any_action, any_role
-- and no_bound have none, by_name tells no more than the name of its policy, unclear names neither an action nor a role; rank
-- puts the widest first. plain_role and permission are the role and what names none in small letters, as our lists have them.
-- part
WITH held AS (
  SELECT
    m.actor_id, g.type, g.name, g.action, g.role, g.ref,
    d.role IS NOT NULL AS is_defined,
    COALESCE(d.is_any, FALSE) AS is_any,
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
      WHEN h.action LIKE '%*%' OR LOWER(h.action) IN ('all', 'any') THEN 'any_action'
      -- In an action of AWS, ? stands for any character.
      WHEN h.action LIKE '%:%?%' AND h.action NOT LIKE '%/%' THEN 'any_action'
      WHEN h.prefix IN ('', '/') OR h.prefix LIKE '%*%' THEN 'no_bound'
      WHEN h.name LIKE '%*' AND (h.prefix LIKE '%:' OR h.prefix LIKE '%://') THEN 'no_bound'
      WHEN h.action IS NULL AND (h.is_any OR (h.plain_role = 'contributor' AND h.name LIKE '/%')) THEN 'any_role'
      WHEN h.role IS NULL AND h.action IS NULL THEN 'unclear'
      WHEN h.action IS NULL AND h.role LIKE 'arn:%' AND h.n_told = 0 THEN 'by_name'
      WHEN h.is_id AND NOT h.is_defined THEN 'by_name'
      ELSE 'bounded'
    END AS bound
  FROM held AS h
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
  CASE j.bound WHEN 'by_name' THEN 3 WHEN 'unclear' THEN 4 WHEN 'bounded' THEN 5 ELSE 2 END AS rank,
  j.ref
FROM assessed AS j
