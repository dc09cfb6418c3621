-- One kind of right of which some list says what an actor has; an empty list is a list: it grants nothing.
-- part
SELECT g.actor_id, g.type
FROM grants AS g

UNION

SELECT l.actor_id, CASE l.name WHEN 'tools_listed' THEN 'tool' ELSE 'data' END AS type
FROM settings AS l
WHERE l.name IN ('tools_listed', 'data_listed') AND l.value = 'true'
