-- One event of the period in which an agent called a tool that no grant of its covers, or was denied one.
-- An agent whose list of tools is nowhere recorded is not bound by it.
-- part
WITH kinds AS (
  -- What a grant covers until its last use, it covers before.
  SELECT DISTINCT x.agent_id, x.tool, x.effect, x.purpose, x.outcome
  FROM activity AS x
  LEFT JOIN grants AS g
    ON g.actor_id = x.agent_id AND g.type = 'tool' AND x.tool LIKE g.like_pattern ESCAPE '!'
    AND holds_at(g.expires_at, x.last_at) AND same_purpose(g.purpose, x.purpose)
  WHERE x.in_window AND x.registered AND x.agent_kind = 'agent' AND x.tool IS NOT NULL
    AND (
      x.outcome = 'denied'
      OR (x.outcome = 'success' AND g.actor_id IS NULL
        AND x.agent_id IN (SELECT l.actor_id FROM grants AS l WHERE l.type = 'tool'))
    )
),
strays AS (
  SELECT
    k.agent_id,
    k.tool,
    k.effect,
    k.purpose,
    k.outcome,
    MAX(CASE WHEN same_purpose(g.purpose, k.purpose) THEN g.expires_at END) AS ended_at
  FROM kinds AS k
  LEFT JOIN grants AS g ON g.actor_id = k.agent_id AND g.type = 'tool' AND k.tool LIKE g.like_pattern ESCAPE '!'
  GROUP BY k.agent_id, k.tool, k.effect, k.purpose, k.outcome
),
hits AS (
  SELECT e.agent_id, e.tool, e.effect, e.outcome, e.session_id, e.event_id, e.occurred_at, e.row_id, e.ref
  FROM events AS e
  JOIN strays AS s
    ON s.agent_id = e.agent_id AND s.tool = e.tool AND s.outcome = e.outcome
    AND s.effect IS NOT DISTINCT FROM e.effect AND s.purpose IS NOT DISTINCT FROM e.purpose
  WHERE e.in_window AND (e.outcome = 'denied' OR s.ended_at IS NULL OR e.occurred_at > s.ended_at)
),
sessions AS (
  SELECT e.agent_id, e.session_id, MAX(e.occurred_at) AS ended_at
  FROM events AS e
  WHERE EXISTS (SELECT 1 FROM hits AS h WHERE h.agent_id = e.agent_id AND h.session_id = e.session_id)
  GROUP BY e.agent_id, e.session_id
)
SELECT
  h.agent_id,
  h.tool,
  h.effect,
  h.outcome,
  h.session_id,
  COALESCE('s' || h.session_id, CAST(CAST(h.occurred_at AS DATE) AS VARCHAR)) AS session_or_day,
  s.ended_at AS session_ended_at,
  h.event_id,
  h.occurred_at,
  h.row_id,
  h.ref
FROM hits AS h
LEFT JOIN sessions AS s ON s.agent_id = h.agent_id AND s.session_id = h.session_id
