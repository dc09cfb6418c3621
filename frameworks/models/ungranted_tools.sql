-- One tool that an agent of a list used with success in the period though no grant covered that, by purpose.
-- What was used before a grant of it ended was covered then: of such uses one at least is outside.
-- part
WITH calls AS (
  SELECT
    x.agent_id,
    x.tool,
    x.purpose,
    SUM(x.n_events) AS n_events,
    MIN(x.first_at) AS first_at,
    MAX(x.last_at) AS last_at,
    ARG_MAX(x.last_ref, moment(x.last_at, x.last_ref)) AS ref
  FROM activity AS x
  WHERE x.in_window AND x.registered AND x.outcome = 'success' AND x.tool IS NOT NULL
  GROUP BY x.agent_id, x.tool, x.purpose
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
    ON g.actor_id = c.agent_id AND g.type = 'tool' AND c.tool LIKE g.like_pattern ESCAPE '!'
  GROUP BY c.agent_id, c.tool, c.purpose, c.n_events, c.first_at, c.last_at, c.ref
  HAVING COUNT(CASE
    WHEN holds_at(g.expires_at, c.last_at) AND same_purpose(g.purpose, c.purpose) THEN g.type
  END) = 0
)
SELECT
  m.agent_id,
  m.tool,
  m.purpose,
  m.granted_for,
  m.ended_at,
  CASE WHEN m.first_at <= m.ended_at THEN 1 ELSE m.n_events END AS n_events,
  m.last_at,
  m.ref
FROM matched AS m
