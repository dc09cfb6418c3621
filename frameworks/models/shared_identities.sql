-- One agent and the identity that it declares and other agents declare too: what is done under it is done by one of them.
-- identity_id text: The identity: as the actor that it is in lists, else as the register has it.
-- agent_id text: Agent that declares it.
WITH declared AS (
  SELECT DISTINCT coalesce(x.actor_id, r.principal_id) AS identity_id, a.actor_id AS agent_id
  FROM actor_rows AS r
  JOIN actors AS a ON a.actor_id = r.actor_id
  LEFT JOIN same_as AS x ON x.alias = r.principal_id
  WHERE a.kind = 'agent' AND r.principal_id IS NOT NULL
)

SELECT d.identity_id, d.agent_id
FROM declared AS d
WHERE d.identity_id IN (SELECT identity_id FROM declared GROUP BY identity_id HAVING count(*) > 1)
