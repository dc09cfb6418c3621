-- One person who answers for an agent or did so before, or who left and could read one of its secrets; and when that person left.
-- A previous owner who is still with the company left the agent when the present owner took over: moved on.
-- part
WITH roles AS (
  SELECT a.actor_id, a.owner_id AS person_id, 'owner' AS role, a.owner_since
  FROM agents AS a
  WHERE a.owner_id IS NOT NULL

  UNION ALL

  SELECT a.actor_id, a.technical_owner_id, 'technical_owner', a.owner_since
  FROM agents AS a
  WHERE a.technical_owner_id IS NOT NULL

  UNION ALL

  SELECT a.actor_id, a.previous_owner_id, 'previous_owner', a.owner_since
  FROM agents AS a
  WHERE a.previous_owner_id IS NOT NULL AND a.previous_owner_id IS DISTINCT FROM a.owner_id

  UNION ALL

  SELECT a.actor_id, p.actor_id, 'reader', a.owner_since
  FROM actors AS p
  JOIN secret_readers AS s ON s.person_id = p.actor_id
  JOIN agents AS a ON a.actor_id = s.actor_id
  WHERE p.kind = 'human' AND (p.retired_at IS NOT NULL OR p.state = 'retired')
    AND p.actor_id IS DISTINCT FROM a.owner_id AND p.actor_id IS DISTINCT FROM a.technical_owner_id
    AND p.actor_id IS DISTINCT FROM a.previous_owner_id
),

known AS (
  SELECT
    o.actor_id,
    o.person_id,
    o.role,
    o.owner_since,
    p.kind,
    p.state,
    p.retired_at,
    p.actor_id IS NULL AS is_stranger,
    COALESCE(p.retired_at IS NULL AND o.role = 'previous_owner' AND p.state IN ('active', 'leave'), FALSE) AS moved
  FROM roles AS o
  LEFT JOIN actors AS p ON p.actor_id = o.person_id
)

SELECT
  k.actor_id,
  k.person_id,
  k.role,
  k.owner_since,
  k.kind,
  k.state,
  k.is_stranger,
  k.moved,
  CASE WHEN k.moved THEN k.owner_since ELSE k.retired_at END AS left_at
FROM known AS k
