-- One fact that may raise the risk of an agent: data it may reach or reached, an effect it may have or had, its
-- autonomy, its dealings with people outside. Without a value it is not recorded.
-- part
WITH rights AS (
  -- One right may stand in several lists, each of which tells a part.
  SELECT
    g.actor_id,
    g.type,
    g.name,
    gravest(g.effect) AS effect,
    all_say(g.reversible) AS reversible,
    ARG_MAX(g.classification, rank_of(g.classification)) AS classification
  FROM grants AS g
  CROSS JOIN run AS r
  WHERE g.expires_at IS NULL OR g.expires_at > r.as_of
  GROUP BY g.actor_id, g.type, g.name
)

SELECT
  g.actor_id,
  'data' AS factor,
  CASE WHEN g.classification IS NULL THEN 'unclassified_data' ELSE 'data_granted' END AS fact,
  g.name AS item,
  g.classification AS value,
  NULL AS reversible,
  NULL AS autonomy,
  NULL AS seen_at
FROM rights AS g
WHERE g.type = 'data' OR g.classification IS NOT NULL

UNION ALL

SELECT x.agent_id, 'data', 'data_reached', NULL, x.classification, NULL, NULL, MIN(x.first_at)
FROM activity AS x
WHERE x.in_window AND x.outcome = 'success' AND x.classification IS NOT NULL
GROUP BY x.agent_id, x.classification

UNION ALL

SELECT
  g.actor_id,
  'effect',
  CASE
    WHEN g.effect IS NULL THEN 'unclassified_tool'
    WHEN g.reversible IS NULL THEN 'maybe_reversible'
    WHEN g.reversible THEN 'reversible'
    ELSE 'irreversible'
  END,
  g.name,
  g.effect,
  g.reversible,
  NULL,
  NULL
FROM rights AS g
WHERE g.type = 'tool' OR g.effect IS NOT NULL

UNION ALL

-- What was done may have been undone; only a grant tells that it cannot be.
SELECT x.agent_id, 'effect', 'act', NULL, x.effect, TRUE, NULL, MIN(x.first_at)
FROM activity AS x
WHERE x.in_window AND x.outcome = 'success' AND x.effect IS NOT NULL
GROUP BY x.agent_id, x.effect

UNION ALL

-- What a log does not tell may have been anything.
SELECT x.agent_id, 'effect', 'unclassified_act', MIN(x.tool), NULL, NULL, NULL, MIN(x.first_at)
FROM activity AS x
WHERE x.in_window AND x.outcome = 'success' AND x.effect IS NULL
  AND (x.tool IS NOT NULL OR x.event_class IS NULL OR x.event_class IN ('tool', 'data', 'admin'))
GROUP BY x.agent_id

UNION ALL

SELECT
  a.actor_id, 'autonomy', CASE WHEN a.autonomy IS NULL THEN 'no_autonomy' ELSE 'autonomy' END,
  CAST(a.autonomy AS VARCHAR), NULL, NULL, a.autonomy, NULL
FROM agents AS a

UNION ALL

SELECT
  a.actor_id, 'exposure', CASE WHEN s.value IS NULL THEN 'no_exposure' ELSE 'user_facing' END, NULL, s.value, NULL,
  NULL, NULL
FROM agents AS a
LEFT JOIN settings AS s ON s.actor_id = a.actor_id AND s.name = 'user_facing'

UNION ALL

SELECT s.actor_id, 'exposure', 'outbound_tool', s.value, 'true', NULL, NULL, NULL
FROM settings AS s
WHERE s.name = 'outbound_tool'
