-- One thing that befell an actor: a change or an incident.
-- view
SELECT actor_id, kind_of_change(field) AS kind, change_id AS id, new_value AS value, effective_at AS happened_at, ref
FROM changes

UNION ALL

SELECT actor_id, 'incident', incident_id, NULL, opened_at, ref
FROM incidents
