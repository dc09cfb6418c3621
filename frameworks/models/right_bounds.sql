-- One entitlement that holds on the day of the report, or one right of any kind to *, and its bound: any_action and
-- no_bound have none, unclear names neither an action nor a role; rank puts the widest first. plain_role is the role
-- in small letters, as our lists have it.
-- part
WITH held AS (
  SELECT
    g.actor_id, g.type, g.name, g.action, g.role, g.ref,
    REPLACE(LOWER(g.role), 'arn:aws:iam::aws:policy/', '') AS plain_role,
    -- What stands before a closing *; a * left in it is one in the middle.
    TRIM(REPLACE(g.name || ' ', '* ', '')) AS prefix
  FROM grants AS g
  CROSS JOIN run AS r
  WHERE (g.type = 'entitlement' OR TRIM(g.name) = '*') AND (g.expires_at IS NULL OR g.expires_at > r.as_of)
),

assessed AS (
  SELECT
    h.actor_id, h.type, h.name, h.action, h.role, h.ref, h.plain_role,
    CASE
      WHEN h.action LIKE '%*%' OR LOWER(h.action) IN ('all', 'any') THEN 'any_action'
      WHEN h.prefix IN ('', '/') OR h.prefix LIKE '%*%' THEN 'no_bound'
      WHEN h.name LIKE '%*' AND (h.prefix LIKE '%:' OR h.prefix LIKE '%://') THEN 'no_bound'
      WHEN h.role IS NULL AND h.action IS NULL THEN 'unclear'
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
  j.bound,
  CASE j.bound WHEN 'unclear' THEN 3 WHEN 'bounded' THEN 4 ELSE 2 END AS rank,
  j.ref
FROM assessed AS j
