-- One thing that befell an actor: a change or an incident.
-- actor_id text: Actor.
-- kind text: incident, or what changed: tool, data, owner, model ...
-- id text: Id of the change or incident.
-- value text: New value of a change.
-- happened_at time: When it took effect, or was opened.
-- ref text: file#record.
-- view
SELECT actor_id, kind_of_change(field) AS kind, change_id AS id, new_value AS value, effective_at AS happened_at, ref
FROM changes

UNION ALL

SELECT actor_id, 'incident', incident_id, NULL, opened_at, ref
FROM incidents
