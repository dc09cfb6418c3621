-- One tool or model on record that a registered agent ran in the period, and of which no log tells the version. An agent
-- that has none of these, and whose log tells no version at all, has one row without a kind.
-- part
WITH ran AS (
  SELECT x.agent_id, x.tool, SUM(x.n_events) AS n_events, MIN(x.first_ref) AS ref
  FROM activity AS x
  WHERE x.in_window AND x.registered AND x.outcome = 'success'
    AND (x.tool IS NOT NULL OR x.event_class IN ('tool', 'model'))
  GROUP BY x.agent_id, x.tool
),

told AS (
  SELECT agent_id, kind, name
  FROM loaded_versions
  WHERE first_at IS NOT NULL
),

untold AS (
  SELECT x.agent_id, 'tool' AS kind, x.tool AS name, MIN(x.ref) AS ref
  FROM ran AS x
  JOIN known_versions AS k
    ON k.actor_id = x.agent_id AND k.type <> 'model' AND is_tool_of(x.tool, k.component_id, k.name)
  WHERE NOT EXISTS (SELECT 1 FROM told AS t WHERE t.agent_id = x.agent_id AND t.kind = 'tool' AND t.name = x.tool)
  GROUP BY x.agent_id, x.tool

  UNION ALL

  SELECT x.agent_id, 'model', NULL, MIN(x.ref)
  FROM ran AS x
  JOIN known_versions AS k ON k.actor_id = x.agent_id AND k.type = 'model'
  WHERE x.agent_id NOT IN (SELECT t.agent_id FROM told AS t WHERE t.kind = 'model')
  GROUP BY x.agent_id
)

SELECT agent_id, kind, name, NULL AS n_events, ref
FROM untold

UNION ALL

SELECT agent_id, NULL, NULL, SUM(n_events), MIN(ref)
FROM ran
WHERE agent_id NOT IN (SELECT t.agent_id FROM told AS t) AND agent_id NOT IN (SELECT u.agent_id FROM untold AS u)
GROUP BY agent_id
