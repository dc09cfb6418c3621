-- One other name of an actor, as a list declares it; the first in order where it is declared for several.
-- step
SELECT alias, min(actor_id) AS actor_id
FROM in_aliases
WHERE alias <> actor_id
GROUP BY alias
