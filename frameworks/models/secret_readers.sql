-- One person who could read secrets of an actor, as the list of secrets says.
-- actor_id text: As in credentials.
-- person_id text: Who could read it.
-- as in credentials
SELECT DISTINCT actor_id, unnest(string_split(replace(readers, ' ', ''), ';')) AS person_id
FROM credentials
WHERE readers IS NOT NULL
