-- One actor that is an agent, in a list or in logs alone.
-- actor_id text: Actor.
-- of events
SELECT actor_id
FROM actors
WHERE kind = 'agent'
