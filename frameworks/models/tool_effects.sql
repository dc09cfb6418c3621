-- One tool in an agent's hands, and whether it changes something: as the log says of its calls, else as its grants say, else by its name.
-- step
WITH calls AS (
  SELECT who, tool, effect FROM in_events WHERE tool IS NOT NULL

  UNION

  SELECT who, tool, effect FROM in_baseline WHERE tool IS NOT NULL
),

told AS (
  SELECT
    k.agent_id,
    c.tool,
    bool_or(coalesce(c.effect, g.effect) <> 'read') AS changes_state,
    bool_or(c.effect <> 'read') AS told
  FROM calls AS c
  JOIN event_actors AS k ON k.who = c.who
  LEFT JOIN granted_effects AS g ON g.agent_id = k.agent_id AND g.tool = c.tool
  GROUP BY k.agent_id, c.tool
)

SELECT
  agent_id,
  tool,
  coalesce(changes_state, NOT is_reading_word(first_word_of(tool))) AS changes,
  CASE WHEN changes_state IS NULL THEN 'name' WHEN changes_state IS NOT DISTINCT FROM told THEN 'log' ELSE 'inventory' END AS basis
FROM told
