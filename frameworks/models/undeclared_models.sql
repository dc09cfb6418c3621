-- One version of a model that an agent ran in the period and that none of its components declares, the bare name apart.
-- What it ran only before a declared one is left out. n: how many there are of the agent.
-- part
WITH ran AS (
  SELECT
    v.agent_id,
    v.version,
    MIN(v.first_at) AS first_at,
    MAX(v.last_at) AS last_at,
    ARG_MAX(v.last_ref, moment(v.last_at, v.last_ref)) AS ref,
    MAX(CASE
      WHEN is_model(v.version, c.component_id, COALESCE(c.name, c.component_id), c.version) THEN 2
      WHEN is_bare_model(v.version, COALESCE(c.name, c.component_id)) THEN 1
      ELSE 0
    END) AS fit
  FROM versions AS v
  JOIN components AS c ON c.actor_id = v.agent_id AND c.type = 'model' AND c.version IS NOT NULL
  WHERE v.kind = 'model' AND v.registered AND v.in_window
  GROUP BY v.agent_id, v.version
),

declared AS (
  SELECT agent_id, MIN(first_at) AS first_at
  FROM ran
  WHERE fit = 2
  GROUP BY agent_id
)

SELECT
  x.agent_id,
  x.version,
  x.last_at,
  x.ref,
  COUNT(*) OVER (PARTITION BY x.agent_id) AS n,
  ROW_NUMBER() OVER (PARTITION BY x.agent_id ORDER BY x.version) AS nth
FROM ran AS x
LEFT JOIN declared AS d ON d.agent_id = x.agent_id
WHERE x.fit = 0 AND (d.first_at IS NULL OR d.first_at < x.last_at)
