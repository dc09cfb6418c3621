-- One holder that a list gives a credential which nobody revoked, and the agent that this holder is, if it is one.
-- part
SELECT c.credential_id, c.fingerprint, c.actor_id, a.actor_id AS agent_id, c.ref
FROM credentials AS c
CROSS JOIN run AS r
LEFT JOIN agents AS a ON a.actor_id = c.actor_id
WHERE c.revoked_at IS NULL OR c.revoked_at > r.as_of
