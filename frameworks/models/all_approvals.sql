-- One approval of any kind: a decision, what a grant brings with it, each new value of an approved change, an activation.
-- A decision that was entered later than it is dated counts from the day on which it was entered.
-- What several records tell of one decision is one row.
-- actor_id text: Actor it is for.
-- type text: As in approvals; a grant gives tool, data or destination, an actor activation, a change what it changed.
-- like_pattern text: What is approved, as a LIKE pattern with escape '!'.
-- purpose text: Workflow, task or process it holds for; empty: all.
-- expires_at time: When it ends, is refused or may be; empty: never.
-- perhaps_until time: When it ends or is surely refused; empty: never.
-- planned_until time: When it ends by itself; empty: never.
-- approved_at time: When; for backdated records, when it was entered.
-- ref text: file#record.
-- is_field flag: A field of a register says so, no record of the decision.
SELECT
  p.actor_id,
  p.type,
  p.like_pattern,
  p.purpose,
  greatest(p.granted_at, p.recorded_at) AS approved_at,
  least(p.expires_at, f.ended_at, f.doubted_at, f.refused_anew_at) AS expires_at,
  least(p.expires_at, f.ended_at) AS perhaps_until,
  p.expires_at AS planned_until,
  p.ref,
  FALSE AS is_field
FROM approvals AS p
LEFT JOIN repeated_approvals AS t ON t.row_id = p.row_id
LEFT JOIN refused_approvals AS f ON f.row_id = p.row_id
WHERE p.granted_at IS NOT NULL AND p.decision IS DISTINCT FROM 'rejected' AND t.is_same_thing IS NOT TRUE

UNION ALL

SELECT actor_id, type, like_pattern, purpose, approved_at, expires_at, expires_at, expires_at, ref, FALSE
FROM grants
WHERE type IN ('tool', 'data') AND approved_at IS NOT NULL

UNION ALL

SELECT actor_id, type, like_pattern, purpose, coalesce(approved_at, granted_at) AS approved_at, expires_at, expires_at, expires_at, ref, FALSE
FROM grants
WHERE type = 'destination' AND coalesce(approved_at, granted_at) IS NOT NULL

UNION ALL

SELECT DISTINCT actor_id, kind, pattern_of(item), NULL, approved_at, NULL, NULL, NULL, ref, FALSE
FROM (
  SELECT
    c.actor_id,
    kind_of_change(c.field) AS kind,
    coalesce(c.approved_at, d.approved_at) AS approved_at,
    CASE WHEN c.approved_at IS NULL THEN d.decision_ref ELSE c.ref END AS ref,
    unnest(values_of(c.new_value)) AS item
  FROM changes AS c
  LEFT JOIN change_approvals AS d ON d.row_id = c.row_id
  WHERE coalesce(c.approved_at, d.approved_at) IS NOT NULL AND c.new_value IS NOT NULL
) AS c
WHERE item <> ''

UNION ALL

SELECT
  a.actor_id,
  'activation',
  NULL,
  NULL,
  a.approved_at,
  NULL,
  NULL,
  NULL,
  a.ref,
  NOT EXISTS (
    SELECT 1
    FROM actor_rows AS r
    WHERE r.actor_id = a.actor_id AND r.approved_at = a.approved_at AND r.listed_in IS NOT NULL
  )
FROM actors AS a
WHERE a.approved_at IS NOT NULL
