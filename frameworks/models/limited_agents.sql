-- One actor all of whose rights in systems are listed by name, none of them privileged: what is granted to it is limited.
-- actor_id text: Actor.
-- scope text: The first of these rights.
SELECT actor_id, min(coalesce(name || ' ' || action, name)) AS scope
FROM grants
WHERE type = 'entitlement'
GROUP BY actor_id
HAVING NOT bool_or(coalesce(privileged, FALSE) OR coalesce(contains(name || coalesce(action, ''), '*'), TRUE))
