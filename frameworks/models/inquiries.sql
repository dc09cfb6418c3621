-- One incident, review or alert that somebody acted on: that somebody looked into what an agent does.
-- part
SELECT i.actor_id AS agent_id, 'incident' AS kind, i.incident_id AS id, i.opened_at AS made_at
FROM incidents AS i
UNION ALL
SELECT v.actor_id AS agent_id, 'review' AS kind, v.review_id AS id, v.completed_at AS made_at
FROM reviews AS v
UNION ALL
SELECT l.actor_id AS agent_id, 'alert' AS kind, l.alert_id AS id, COALESCE(l.acted_at, l.raised_at) AS made_at
FROM alerts AS l
WHERE l.acted_by IS NOT NULL
