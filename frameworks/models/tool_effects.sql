-- One tool in an agent's hands, and whether it changes something: as the log says of its calls, else as its grants say, else by its name.
-- step
WITH calls AS (
  SELECT a.who, a.tool, c.effect
  FROM logged_activity AS a
  JOIN event_kinds AS c ON c.kind = a.kind
  WHERE a.tool IS NOT NULL

  UNION

  -- What is no dated act.
  SELECT e.who, e.tool, e.effect
  FROM in_events AS e
  WHERE e.tool IS NOT NULL AND (e.occurred_at IS NULL OR e.occurred_at > as_of() OR NOT is_act(e.event_class))

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
