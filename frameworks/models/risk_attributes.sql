-- One agent with autonomy, blast radius and data, each 0, 1 or 2, least and most: what is not known stays an interval.
-- step
WITH rights AS (
  -- One right may stand in several lists, each of which tells a part. What one command of a shell does tells nothing of the shell.
  SELECT
    actor_id,
    type,
    name,
    gravest(effect) AS effect,
    arg_max(classification, rank_of(classification)) AS classification,
    bool_or(privileged) AS privileged
  FROM grants
  GROUP BY actor_id, type, name, CASE WHEN type = 'tool' THEN action END
),

given AS (
  SELECT
    actor_id,
    max(CASE WHEN type = 'tool' THEN blast_of(effect, 0) ELSE 0 END) AS tool_lo,
    max(CASE WHEN type = 'tool' THEN blast_of(effect, 2) ELSE 0 END) AS tool_hi,
    count(CASE WHEN type = 'tool' THEN 1 END) AS n_tools,
    count(CASE WHEN type = 'data' THEN 1 END) AS n_data,
    max(gravity_of_data(classification)) AS data_lo,
    max(CASE WHEN classification IS NULL AND type = 'data' THEN 2 ELSE gravity_of_data(classification) END) AS data_hi,
    bool_or(privileged) AS privileged
  FROM rights
  GROUP BY actor_id
),

done AS (
  SELECT
    agent_id AS actor_id,
    max(blast_of(effect, 0)) AS effect,
    max(gravity_of_data(classification)) AS data,
    -- Something grave without an approval, in a log that tells of approvals.
    bool_or(is_grave(effect) AND n_approval < n_events AND source IN (
      SELECT source FROM carried WHERE tbl = 'events' AND col = 'approval_id'
    )) AS unasked
  FROM activity
  WHERE outcome = 'success' AND in_window
  GROUP BY agent_id
),

peers AS (
  SELECT actor_id FROM links

  UNION ALL

  SELECT peer_id FROM links

  UNION ALL

  SELECT parent_id FROM actors WHERE parent_id IS NOT NULL
),

peer_counts AS (
  SELECT actor_id, count(*) AS n
  FROM peers
  GROUP BY actor_id
)

SELECT
  a.actor_id,
  a.registered,
  a.risk_tier,
  greatest(
    CASE WHEN a.autonomy >= 3 THEN 2 WHEN a.autonomy = 2 THEN 1 ELSE 0 END, CASE WHEN d.unasked THEN 2 ELSE 0 END
  ) AS autonomy_lo,
  CASE
    WHEN a.autonomy IS NULL OR d.unasked THEN 2
    WHEN a.autonomy >= 3 THEN 2
    WHEN a.autonomy = 2 THEN 1
    ELSE 0
  END AS autonomy_hi,
  greatest(
    coalesce(g.tool_lo, 0),
    coalesce(d.effect, 0),
    CASE WHEN g.privileged OR p.n > 0 THEN 1 ELSE 0 END,
    CASE WHEN a.autonomy >= 4 THEN 2 ELSE 0 END
  ) AS blast_lo,
  CASE
    WHEN coalesce(g.n_tools, 0) = 0 AND NOT coalesce(a.tools_listed, FALSE) THEN 2
    ELSE greatest(
      coalesce(g.tool_hi, 0),
      coalesce(d.effect, 0),
      CASE WHEN g.privileged OR p.n > 0 THEN 1 ELSE 0 END,
      CASE WHEN a.autonomy >= 4 THEN 2 ELSE 0 END
    )
  END AS blast_hi,
  greatest(coalesce(g.data_lo, 0), coalesce(d.data, 0)) AS data_lo,
  CASE
    WHEN coalesce(g.n_data, 0) = 0 AND NOT coalesce(a.data_listed, FALSE) THEN 2
    ELSE greatest(coalesce(g.data_hi, 0), coalesce(d.data, 0))
  END AS data_hi,
  a.autonomy,
  coalesce(g.n_tools, 0) AS n_tools,
  coalesce(p.n, 0) AS n_peers
FROM agents AS a
LEFT JOIN given AS g ON g.actor_id = a.actor_id
LEFT JOIN done AS d ON d.actor_id = a.actor_id
LEFT JOIN peer_counts AS p ON p.actor_id = a.actor_id
