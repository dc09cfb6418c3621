-- One test and one exact name of what was tested: the target itself, an actor that it stands for, each that acts as it.
-- step
SELECT row_id, target AS name
FROM tests
WHERE target IS NOT NULL

UNION

SELECT row_id, actor_id
FROM tests
WHERE actor_id IS NOT NULL

UNION

SELECT t.row_id, s.actor_id
FROM tests AS t
JOIN same_as AS s ON s.alias = t.target

UNION

SELECT t.row_id, a.actor_id
FROM tests AS t
JOIN actors AS a ON a.principal_id = t.target
