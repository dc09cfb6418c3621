-- One business domain in which an agent worked in the period: how often it used tools and data of it, and the first such record.
-- A tool is of the domain that the agent's own rights give it, the most exact name first, else of the one that all rights on it
-- agree on; data is of the domain that the agent's rights give it. No domain: up to so many uses whose domain is not known.
-- part
WITH sources AS (
  SELECT g.actor_id, g.name, MIN(LOWER(TRIM(g.domain))) AS domain
  FROM grants AS g
  WHERE g.type = 'data' AND g.domain IS NOT NULL
  GROUP BY g.actor_id, g.name
),

common AS (
  SELECT g.name, CASE WHEN COUNT(DISTINCT LOWER(TRIM(g.domain))) = 1 THEN MIN(LOWER(TRIM(g.domain))) END AS domain
  FROM grants AS g
  WHERE g.type = 'tool' AND g.domain IS NOT NULL
  GROUP BY g.name
),

own AS (
  SELECT t.agent_id, t.tool, ARG_MIN(LOWER(TRIM(g.domain)), -LENGTH(g.name)) AS domain
  FROM (
    SELECT DISTINCT x.agent_id, x.tool
    FROM activity AS x
    WHERE x.in_window AND x.outcome = 'success' AND x.tool IS NOT NULL
  ) AS t
  JOIN grants AS g
    ON g.actor_id = t.agent_id AND g.type = 'tool' AND g.domain IS NOT NULL AND t.tool LIKE g.like_pattern ESCAPE '!'
  GROUP BY t.agent_id, t.tool
),

uses AS (
  SELECT x.agent_id, COALESCE(o.domain, c.domain) AS domain, x.n_events AS n, x.first_at, x.first_ref AS ref
  FROM activity AS x
  LEFT JOIN own AS o ON o.agent_id = x.agent_id AND o.tool = x.tool
  LEFT JOIN common AS c ON c.name = x.tool
  WHERE x.in_window AND x.outcome = 'success' AND x.tool IS NOT NULL

  UNION ALL

  SELECT d.agent_id, s.domain, d.n_events, d.first_at, d.first_ref
  FROM data_use AS d
  JOIN sources AS s ON s.actor_id = d.agent_id AND s.name = d.data_source
  WHERE d.in_window AND d.outcome = 'success'

  UNION ALL

  -- Without a tool: what names nothing at all, and what names data of no known domain.
  SELECT b.agent_id, NULL, SUM(b.n_nameless) + LEAST(SUM(b.n_resource), SUM(b.n_data)), NULL, NULL
  FROM (
    SELECT x.agent_id, x.n_events - x.n_resource AS n_nameless, x.n_resource, 0 AS n_data
    FROM activity AS x
    WHERE x.in_window AND x.outcome = 'success' AND x.tool IS NULL
      AND (x.event_class IS NULL OR x.event_class IN ('tool', 'data'))

    UNION ALL

    SELECT d.agent_id, 0, 0, d.n_events
    FROM data_use AS d
    LEFT JOIN sources AS s ON s.actor_id = d.agent_id AND s.name = d.data_source
    WHERE d.in_window AND d.outcome = 'success' AND s.domain IS NULL
      AND (d.event_class IS NULL OR d.event_class IN ('tool', 'data'))
  ) AS b
  GROUP BY b.agent_id
)

SELECT u.agent_id, u.domain, SUM(u.n) AS n, ARG_MIN(u.ref, moment(u.first_at, u.ref)) AS ref
FROM uses AS u
GROUP BY u.agent_id, u.domain
