-- One temporary key of a role in AWS, and the first in the chain of those who asked for it, if known to a list.
-- step
WITH RECURSIVE walk AS (
  SELECT issued_key AS start, actor_id, session_key, 1 AS depth
  FROM assumed_roles

  UNION ALL

  SELECT w.start, a.actor_id, a.session_key, w.depth + 1
  FROM walk AS w
  JOIN assumed_roles AS a ON a.issued_key = w.session_key
  WHERE w.depth < 32
),

-- A chain that begins before the log begins ends with whom the log shows first.
roots AS (
  SELECT start, arg_max(actor_id, (depth, actor_id)) AS name
  FROM walk
  GROUP BY start
)

SELECT r.start AS session_key, a.actor_id AS root_id, a.kind AS root_kind
FROM roots AS r
LEFT JOIN known_names AS n ON n.alias = r.name
JOIN actors AS a ON a.actor_id = coalesce(n.actor_id, r.name) AND a.registered
