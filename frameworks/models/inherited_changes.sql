-- One change of rights that an actor did not get itself: of the text of a policy or role that it holds, or of the rights of a
-- group that it is in (held_id). A change counts once for a holder, however often it holds the thing. Who got it later, as the
-- list or the log says, is not touched; people answer for themselves.
-- changed_id: its row of changes; row_id: below 0, for those have the others.
-- step
WITH RECURSIVE attached AS (
  -- Of a group the log tells the name alone.
  SELECT h.actor_id, h.held_id, min(c.effective_at) AS first_at
  FROM holdings AS h
  JOIN changes AS c
    ON c.actor_id = h.actor_id AND c.new_value IN (h.held_id, nullif(regexp_extract(h.held_id, ':group/([^/]+)$', 1), ''))
  GROUP BY h.actor_id, h.held_id
),

edges AS (
  SELECT h.actor_id, h.held_id, coalesce(h.since_at, a.first_at) AS since_at, CAST(NULL AS TIMESTAMP) AS until_at
  FROM holdings AS h
  LEFT JOIN attached AS a ON a.actor_id = h.actor_id AND a.held_id = h.held_id

  UNION

  SELECT actor_id, holder_id, NULL, expires_at
  FROM right_holders
  WHERE holder_id <> actor_id AND NOT is_activated

  UNION

  -- Roles that somebody defined in Google Cloud; those of AWS and Kubernetes stand among the holdings.
  SELECT actor_id, role, granted_at, expires_at
  FROM grants
  WHERE type = 'entitlement' AND regexp_full_match(role, '(projects|organizations)/[^/]+/roles/[^/]+')
),

amended AS (
  SELECT row_id, actor_id, effective_at
  FROM changes
  WHERE kind_of_change(field) IN ('entitlement', 'shared_right')
),

walk AS (
  SELECT DISTINCT actor_id AS held_id, actor_id AS holder_id, CAST(NULL AS TIMESTAMP) AS since_at, CAST(NULL AS TIMESTAMP) AS until_at
  FROM amended

  UNION

  SELECT w.held_id, e.actor_id, greatest(w.since_at, e.since_at), least(w.until_at, e.until_at)
  FROM walk AS w
  JOIN edges AS e ON e.held_id = w.holder_id AND e.actor_id <> w.held_id
),

touched AS (
  SELECT DISTINCT c.row_id, w.holder_id
  FROM amended AS c
  JOIN walk AS w ON w.held_id = c.actor_id AND w.holder_id <> c.actor_id
  JOIN actors AS a ON a.actor_id = w.holder_id AND a.kind NOT IN ('human', 'group')
  WHERE (w.since_at IS NULL OR w.since_at <= c.effective_at) AND (w.until_at IS NULL OR w.until_at > c.effective_at)
)

SELECT
  CAST(-row_number() OVER (ORDER BY c.row_id, t.holder_id) AS HUGEINT) AS row_id,
  c.row_id AS changed_id,
  c.actor_id AS held_id,
  t.holder_id AS actor_id
FROM touched AS t
JOIN changes AS c ON c.row_id = t.row_id
