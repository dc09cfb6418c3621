-- One tool or data source that an agent used with success, by purpose, and when last.
-- part
SELECT x.agent_id, 'tool' AS type, x.tool AS name, x.purpose, MAX(x.last_at) AS last_at
FROM activity AS x
WHERE x.outcome = 'success' AND x.tool IS NOT NULL
GROUP BY x.agent_id, x.tool, x.purpose

UNION ALL

SELECT d.agent_id, 'data' AS type, d.data_source AS name, d.purpose, MAX(d.last_at) AS last_at
FROM data_use AS d
WHERE d.outcome = 'success' AND d.data_source IS NOT NULL
GROUP BY d.agent_id, d.data_source, d.purpose
