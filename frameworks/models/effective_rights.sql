-- One right of an agent and since when it has effect: it is granted, or a change names it, and the agent is active.
-- part
WITH starts AS (
  SELECT s.actor_id, MIN(s.from_at) AS active_at
  FROM state_changes AS s
  WHERE s.state = 'active'
  GROUP BY s.actor_id
),

changed AS (
  SELECT h.actor_id, h.kind, h.happened_at, as_list(h.value) AS named
  FROM changes_and_incidents AS h
  WHERE h.kind IN ('tool', 'data', 'entitlement', 'destination')
),

dated AS (
  SELECT
    g.actor_id,
    g.type,
    g.name,
    g.classification,
    g.effect,
    g.privileged,
    g.risk_category,
    COALESCE(g.granted_at, MIN(c.happened_at)) AS start_at,
    g.ref
  FROM grants AS g
  LEFT JOIN changed AS c ON c.actor_id = g.actor_id AND c.kind = g.type AND is_listed(g.name, c.named)
  GROUP BY g.actor_id, g.type, g.name, g.classification, g.effect, g.privileged, g.risk_category, g.granted_at, g.ref
)

SELECT
  d.actor_id,
  d.type,
  d.name,
  d.classification,
  d.effect,
  d.privileged,
  d.risk_category,
  d.start_at IS NULL AS is_undated,
  GREATEST(
    COALESCE(d.start_at, a.activated_at, s.active_at),
    COALESCE(a.activated_at, s.active_at, d.start_at)
  ) AS effective_at,
  d.ref
FROM dated AS d
JOIN agents AS a ON a.actor_id = d.actor_id
LEFT JOIN starts AS s ON s.actor_id = a.actor_id
