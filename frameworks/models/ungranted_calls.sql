-- One kind of call of the period, by purpose, for which no grant of the agent holds, or which was denied; and when the last
-- grant of it ended or was taken away: until then, what was not denied was covered, or perhaps.
-- An agent whose list of tools is nowhere recorded is not bound by it.
-- part
WITH kinds AS (
  -- What a grant covers until its last use, it covers before.
  SELECT DISTINCT x.agent_id, x.tool, x.effect, x.purpose, x.outcome
  FROM activity AS x
  LEFT JOIN grants AS g
    ON g.actor_id = x.agent_id AND g.type = 'tool' AND covers_tool(x.tool, g.like_pattern, g.excluded)
    AND holds_at(g.expires_at, x.last_at) AND same_purpose(g.purpose, x.purpose)
  LEFT JOIN past_rights AS p
    ON p.actor_id = x.agent_id AND p.type = 'tool' AND x.tool LIKE p.like_pattern ESCAPE '!'
    AND p.perhaps_until_at >= x.last_at AND (p.since_at IS NULL OR p.since_at <= x.first_at)
  WHERE x.in_window AND x.registered AND x.agent_kind = 'agent' AND x.tool IS NOT NULL
    AND (
      x.outcome = 'denied'
      OR (x.outcome = 'success' AND g.actor_id IS NULL AND p.actor_id IS NULL
        AND x.agent_id IN (SELECT l.actor_id FROM grants AS l WHERE l.type = 'tool'))
    )
),
ends AS (
  SELECT g.actor_id, g.like_pattern, g.excluded, g.purpose, g.expires_at AS ended_at
  FROM grants AS g
  WHERE g.type = 'tool'
  UNION ALL
  SELECT p.actor_id, p.like_pattern, NULL, NULL, p.perhaps_until_at
  FROM past_rights AS p
  WHERE p.type = 'tool'
)
SELECT
  k.agent_id,
  k.tool,
  k.effect,
  k.purpose,
  k.outcome,
  MAX(CASE WHEN same_purpose(g.purpose, k.purpose) THEN g.ended_at END) AS ended_at
FROM kinds AS k
LEFT JOIN ends AS g ON g.actor_id = k.agent_id AND covers_tool(k.tool, g.like_pattern, g.excluded)
GROUP BY k.agent_id, k.tool, k.effect, k.purpose, k.outcome
