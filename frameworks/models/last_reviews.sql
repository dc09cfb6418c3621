-- One actor of which a review was completed by the day of the report: when last.
-- part
SELECT v.actor_id, MAX(v.completed_at) AS completed_at, ARG_MAX(v.ref, v.completed_at) AS ref
FROM reviews AS v
CROSS JOIN run AS r
WHERE v.completed_at <= r.as_of
GROUP BY v.actor_id
