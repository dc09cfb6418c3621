-- One name of an actor: an alias, or the identity of one actor only.
-- step
WITH owned AS (
  SELECT principal_id AS alias, min(actor_id) AS actor_id
  FROM actors
  WHERE principal_id NOT IN (SELECT alias FROM same_as) AND principal_id NOT IN (SELECT actor_id FROM actors)
  GROUP BY principal_id
  HAVING count(*) = 1
)

SELECT alias, actor_id
FROM same_as

UNION ALL

SELECT alias, actor_id
FROM owned
