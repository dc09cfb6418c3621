-- The last incident, review or alert by which somebody looked into what an agent does, up to the day of the report.
-- part
SELECT
  i.agent_id,
  MAX(i.made_at) AS made_at,
  ARG_MAX(i.kind, moment(i.made_at, i.kind || i.id)) AS kind,
  ARG_MAX(i.id, moment(i.made_at, i.kind || i.id)) AS id
FROM inquiries AS i
CROSS JOIN run AS r
WHERE i.made_at <= r.as_of
GROUP BY i.agent_id
