-- One thing that gives an actor power: a credential, a right or a connection; and when it ends, if it does.
-- part
SELECT c.actor_id, 'credential' AS kind, c.credential_id AS name, c.ended_at AS ends_at, c.ref
FROM credentials AS c

UNION ALL

SELECT g.actor_id, g.type, g.name, g.expires_at, g.ref
FROM grants AS g
WHERE g.type <> 'context'

UNION ALL

SELECT n.actor_id, n.kind, n.name, NULL, n.ref
FROM connections AS n
