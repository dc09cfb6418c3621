-- One agent with a model on record. It is a table: a list without components leaves open only what an empty version of a prompt
-- means, and nothing where the version is recorded.
-- actor_id text: Agent.
SELECT DISTINCT actor_id
FROM components
WHERE type = 'model'
