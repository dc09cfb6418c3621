-- One other name of an actor, as a list declares it; the first in order where it is declared for several. An alias of an alias
-- stands for what that one stands for; of a circle, the first in order is the actor.
-- step
WITH RECURSIVE first AS (
  SELECT alias, min(actor_id) AS actor_id
  FROM in_aliases
  WHERE alias <> actor_id
  GROUP BY alias
),

walk AS (
  SELECT alias, actor_id, [alias] AS path, FALSE AS is_circle
  FROM first

  UNION ALL

  SELECT w.alias, f.actor_id, list_append(w.path, w.actor_id), list_contains(w.path, f.actor_id)
  FROM walk AS w
  JOIN first AS f ON f.alias = w.actor_id
  WHERE NOT w.is_circle AND NOT list_contains(w.path, w.actor_id)
),

ends AS (
  SELECT
    alias,
    CASE WHEN is_circle THEN list_min(list_slice(path, list_position(path, actor_id), len(path))) ELSE actor_id END AS actor_id
  FROM walk
  QUALIFY row_number() OVER (PARTITION BY alias ORDER BY len(path) DESC) = 1
)

SELECT alias, actor_id
FROM ends
WHERE alias <> actor_id
