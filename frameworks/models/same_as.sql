-- One other name of an actor: a declared alias, or an identity of a directory that is an agent's own.
-- step
SELECT d.alias, coalesce(i.actor_id, d.actor_id) AS actor_id, i.alias IS NOT NULL AS is_identity
FROM declared_aliases AS d
LEFT JOIN agent_identities AS i ON i.alias = d.actor_id

UNION ALL

SELECT alias, actor_id, TRUE
FROM agent_identities
WHERE alias NOT IN (SELECT alias FROM declared_aliases)
