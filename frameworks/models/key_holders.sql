-- One agent that a list gives a credential: what is done with a key of several agents concerns each of them.
-- credential_id text: Credential.
-- agent_id text: Agent that holds it, as some list says.
-- view
SELECT DISTINCT c.credential_id, a.actor_id AS agent_id
FROM credentials AS c
JOIN agents AS a USING (actor_id)
WHERE c.credential_id IS NOT NULL
