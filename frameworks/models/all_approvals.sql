-- One approval of any kind: a decision, what a grant brings with it, each new value of an approved change, an activation.
-- A decision that was entered later than it is dated counts from the day on which it was entered.
-- actor_id text: Actor it is for.
-- type text: As in approvals; a grant gives tool, data or destination, an actor activation, a change what it changed.
-- like_pattern text: What is approved, as a LIKE pattern with escape '!'.
-- purpose text: Workflow, task or process it holds for; empty: all.
-- expires_at time: When it ends; empty: never.
-- approved_at time: When; for backdated records, when it was entered.
-- ref text: file#record.
SELECT
  actor_id,
  type,
  like_pattern,
  purpose,
  greatest(granted_at, recorded_at) AS approved_at,
  expires_at,
  ref
FROM approvals
WHERE granted_at IS NOT NULL AND decision IS DISTINCT FROM 'rejected'

UNION ALL

SELECT actor_id, type, like_pattern, purpose, approved_at, expires_at, ref
FROM grants
WHERE type IN ('tool', 'data') AND approved_at IS NOT NULL

UNION ALL

SELECT actor_id, type, like_pattern, purpose, coalesce(approved_at, granted_at) AS approved_at, expires_at, ref
FROM grants
WHERE type = 'destination' AND coalesce(approved_at, granted_at) IS NOT NULL

UNION ALL

SELECT actor_id, kind, pattern_of(item), NULL, approved_at, NULL, ref
FROM (
  SELECT actor_id, kind_of_change(field) AS kind, approved_at, ref, unnest(values_of(new_value)) AS item
  FROM changes
  WHERE approved_at IS NOT NULL AND new_value IS NOT NULL
) AS c
WHERE item <> ''

UNION ALL

SELECT actor_id, 'activation', NULL, NULL, approved_at, NULL, ref
FROM actors
WHERE approved_at IS NOT NULL
