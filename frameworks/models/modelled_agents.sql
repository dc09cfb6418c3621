-- One agent of which a model is on record. A table, for a list that tells no components leaves open only what an empty version of a
-- prompt means, and nothing where the version is told.
-- actor_id text: Agent.
SELECT DISTINCT actor_id
FROM components
WHERE type = 'model'
