-- One right to tools or data that an agent held before it was taken away by a change or a review.
-- Of a retired agent whose list is empty, all that it may have held.
-- actor_id text: Agent.
-- type text: tool | data.
-- like_pattern text: As in grants.
-- since_at time: Since when it was held; empty: not recorded.
-- until_at time: Until when it was held for certain; empty: whether it was is not known.
-- perhaps_until_at time: Until when it was perhaps held: a decision of a review is carried out in the days after it.
WITH changed AS (
  SELECT
    actor_id,
    kind_of_change(field) AS type,
    values_of(coalesce(old_value, '')) AS old_values,
    values_of(coalesce(new_value, '')) AS new_values,
    effective_at
  FROM changes
  WHERE kind_of_change(field) IN ('tool', 'data') AND effective_at <= as_of()
),

added AS (
  SELECT actor_id, type, unnest(list_filter(new_values, lambda x: NOT list_contains(old_values, x))) AS name, effective_at
  FROM changed
),

taken AS (
  SELECT actor_id, type, unnest(list_filter(old_values, lambda x: NOT list_contains(new_values, x))) AS name, effective_at
  FROM changed
),

decided AS (
  SELECT i.actor_id, i.type, i.name, v.completed_at
  FROM review_items AS i
  JOIN reviews AS v ON v.review_id = i.review_id AND v.actor_id = i.actor_id
  WHERE lower(i.decision) IN ('remove', 'reduce') AND i.type IN ('tool', 'data') AND v.completed_at <= as_of()
)

SELECT
  t.actor_id,
  t.type,
  pattern_of(t.name) AS like_pattern,
  max(a.effective_at) AS since_at,
  t.effective_at AS until_at,
  t.effective_at AS perhaps_until_at
FROM taken AS t
LEFT JOIN added AS a ON a.actor_id = t.actor_id AND a.type = t.type AND a.name = t.name AND a.effective_at < t.effective_at
WHERE t.name <> ''
GROUP BY t.actor_id, t.type, t.name, t.effective_at

UNION ALL

SELECT actor_id, type, pattern_of(name), NULL, completed_at, completed_at + INTERVAL 7 DAY
FROM decided
WHERE name <> ''

UNION ALL

SELECT a.actor_id, k.type, '%', NULL, NULL, coalesce(a.retired_at, a.state_since, as_of())
FROM agents AS a
CROSS JOIN (VALUES ('tool'), ('data')) AS k (type)
WHERE (a.state = 'retired' OR a.retired_at <= as_of())
  AND NOT EXISTS (SELECT 1 FROM grants AS g WHERE g.actor_id = a.actor_id AND g.type = k.type)
