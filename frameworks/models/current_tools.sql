-- One tool that an actor may use on the day of the report, and the gravest that lists of it tell it does.
-- part
SELECT g.actor_id, g.name, gravest(g.effect) AS effect
FROM grants AS g
CROSS JOIN run AS r
WHERE g.type = 'tool' AND (g.expires_at IS NULL OR g.expires_at > r.as_of)
GROUP BY g.actor_id, g.name
