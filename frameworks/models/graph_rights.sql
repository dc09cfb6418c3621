-- One permission to Microsoft Graph that an agent holds for itself, and what its tokens tell of its use.
-- step
WITH tokens AS (
  SELECT holder_id, last_at, lower(told) AS permission, len(permissions) = 1 AS is_alone
  FROM (
    SELECT holder_id, last_at, string_split(rights, ' ') AS permissions, unnest(string_split(rights, ' ')) AS told
    FROM system_acts
    WHERE log_source = 'microsoft-graph-activity' AND person_id IS NULL
  ) AS u
),

holders AS (
  SELECT actor_id AS agent_id, actor_id AS holder_id FROM agents
  UNION
  SELECT a.actor_id, n.actor_id
  FROM agents AS a
  JOIN known_names AS n ON n.alias = a.principal_id
),

held AS (
  SELECT
    h.agent_id,
    g.permission,
    min(g.title) AS name,
    bool_or(coalesce(g.privileged, FALSE)) AS privileged,
    CASE WHEN count(*) = count(g.granted_at) THEN max(g.granted_at) END AS since_at,
    max(t.last_at) FILTER (t.is_alone) AS last_at,
    max(t.last_at) AS carried_at,
    bool_or(g.is_unnamed) AS is_unnamed,
    min(g.ref) AS ref
  FROM holders AS h
  JOIN graph_permissions AS g ON g.actor_id = h.holder_id
  CROSS JOIN run AS r
  LEFT JOIN tokens AS t ON t.holder_id = g.actor_id AND t.permission = g.permission
  WHERE g.is_graph AND NOT g.is_delegated AND (g.expires_at IS NULL OR g.expires_at > r.as_of)
  GROUP BY h.agent_id, g.permission
)

SELECT
  h.agent_id,
  h.name,
  h.privileged,
  h.since_at,
  -- Of several in one token, which was used is not told.
  NOT h.is_unnamed AND (h.carried_at IS NULL OR h.carried_at < r.period_from OR coalesce(h.carried_at = h.last_at, FALSE))
    -- Where the log shows the agent, its gaps are told of the agent.
    AND (
      EXISTS (SELECT 1 FROM activity AS x WHERE x.agent_id = h.agent_id AND x.log_source = 'microsoft-graph-activity')
      OR EXISTS (SELECT 1 FROM feed_delivery AS f WHERE f.log_source = 'microsoft-graph-activity' AND f.alive)
    ) AS is_shown,
  h.last_at,
  h.ref
FROM held AS h
CROSS JOIN run AS r
