-- One tool that an agent of a list used with success in the period though no grant covered that, by purpose.
-- What was used before a grant of it ended, or was taken away, was covered then: of such uses one at least is outside.
-- may_have_been: what it held at the last use is not known.
-- part
WITH strays AS (
  -- What a grant covers until its last use, it covers before: only what no grant covers is counted.
  SELECT DISTINCT x.agent_id, x.tool, x.purpose
  FROM activity AS x
  LEFT JOIN grants AS g
    ON g.actor_id = x.agent_id AND g.type = 'tool' AND covers_tool(x.tool, g.like_pattern, g.excluded)
    AND holds_at(g.expires_at, x.last_at) AND same_purpose(g.purpose, x.purpose)
  LEFT JOIN past_rights AS p
    ON p.actor_id = x.agent_id AND p.type = 'tool' AND x.tool LIKE p.like_pattern ESCAPE '!'
    AND p.until_at >= x.last_at AND (p.since_at IS NULL OR p.since_at <= x.first_at)
  WHERE x.in_window AND x.registered AND x.outcome = 'success' AND x.tool IS NOT NULL AND g.actor_id IS NULL
    AND p.actor_id IS NULL
),
calls AS (
  SELECT
    x.agent_id,
    x.tool,
    x.purpose,
    SUM(x.n_events) AS n_events,
    MIN(x.first_at) AS first_at,
    MAX(x.last_at) AS last_at,
    ARG_MAX(x.last_ref, moment(x.last_at, x.last_ref)) AS ref
  FROM strays AS s
  JOIN activity AS x ON x.agent_id = s.agent_id AND x.tool = s.tool AND x.purpose IS NOT DISTINCT FROM s.purpose
  WHERE x.in_window AND x.registered AND x.outcome = 'success'
  GROUP BY x.agent_id, x.tool, x.purpose
),
past AS (
  SELECT c.agent_id, c.tool, c.purpose, MAX(p.until_at) AS until_at, MAX(p.perhaps_until_at) AS perhaps_until_at
  FROM calls AS c
  JOIN past_rights AS p
    ON p.actor_id = c.agent_id AND p.type = 'tool' AND c.tool LIKE p.like_pattern ESCAPE '!'
    AND (p.since_at IS NULL OR p.since_at <= c.first_at)
  GROUP BY c.agent_id, c.tool, c.purpose
),
matched AS (
  SELECT
    c.agent_id,
    c.tool,
    c.purpose,
    c.n_events,
    c.first_at,
    c.last_at,
    c.ref,
    MIN(g.purpose) AS granted_for,
    MAX(CASE WHEN same_purpose(g.purpose, c.purpose) THEN g.expires_at END) AS ended_at
  FROM calls AS c
  LEFT JOIN grants AS g
    ON g.actor_id = c.agent_id AND g.type = 'tool' AND covers_tool(c.tool, g.like_pattern, g.excluded)
  GROUP BY c.agent_id, c.tool, c.purpose, c.n_events, c.first_at, c.last_at, c.ref
)
SELECT
  m.agent_id,
  m.tool,
  m.purpose,
  m.granted_for,
  COALESCE(GREATEST(m.ended_at, p.until_at), m.ended_at, p.until_at) AS ended_at,
  CASE WHEN m.first_at <= m.ended_at OR m.first_at <= p.perhaps_until_at THEN 1 ELSE m.n_events END AS n_events,
  COALESCE(p.perhaps_until_at >= m.last_at, FALSE) AS may_have_been,
  m.last_at,
  m.ref
FROM matched AS m
LEFT JOIN past AS p ON p.agent_id = m.agent_id AND p.tool = m.tool AND p.purpose IS NOT DISTINCT FROM m.purpose
