-- One agent that is active, or of which no state is recorded: how many tools, data sources and contexts are listed
-- for it, which of the lists is missing (as a word), and how many tools and data sources do not tell what they
-- do.
-- part
WITH held AS (
  -- One right may stand in several lists, each of which tells a part.
  SELECT
    g.actor_id,
    g.type,
    CASE WHEN g.type = 'tool' AND (COUNT(g.effect) = 0 OR COUNT(g.reversible) = 0) THEN g.name END AS vague_tool,
    CASE WHEN g.type = 'data' AND (COUNT(g.classification) = 0 OR COUNT(g.mode) = 0) THEN g.name END AS vague_data
  FROM grants AS g
  CROSS JOIN run AS r
  WHERE g.expires_at IS NULL OR g.expires_at > r.as_of
  GROUP BY g.actor_id, g.type, g.name
),

summed AS (
  SELECT
    a.actor_id,
    a.tools_listed,
    a.data_listed,
    a.contexts_listed,
    COUNT(CASE WHEN h.type = 'tool' THEN 1 END) AS n_tools,
    COUNT(CASE WHEN h.type = 'data' THEN 1 END) AS n_data,
    COUNT(CASE WHEN h.type = 'context' THEN 1 END) AS n_contexts,
    MIN(h.vague_tool) AS vague_tool,
    COUNT(h.vague_tool) AS n_vague_tools,
    MIN(h.vague_data) AS vague_data,
    COUNT(h.vague_data) AS n_vague_data,
    a.ref
  FROM agents AS a
  LEFT JOIN held AS h ON h.actor_id = a.actor_id
  WHERE a.state IS NULL OR a.state = 'active'
  GROUP BY a.actor_id, a.tools_listed, a.data_listed, a.contexts_listed, a.ref
)

SELECT
  s.actor_id,
  CASE WHEN s.tools_listed OR s.n_tools > 0 THEN NULL ELSE 'tools' END AS tools,
  CASE WHEN s.data_listed OR s.n_data > 0 THEN NULL ELSE 'data_sources' END AS data_sources,
  CASE WHEN s.contexts_listed OR s.n_contexts > 0 THEN NULL ELSE 'contexts' END AS contexts,
  s.n_tools,
  s.n_data,
  s.n_contexts,
  s.vague_tool,
  s.n_vague_tools,
  s.vague_data,
  s.n_vague_data,
  s.ref
FROM summed AS s
