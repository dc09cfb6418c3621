-- One data source that an agent of a list touched in the period and that no grant covers for certain, by purpose.
-- A grant of another name may cover the same data: a wider one does, a narrower one perhaps. So does one that was taken
-- away since.
-- part
WITH touched AS (
  SELECT
    d.agent_id,
    d.data_source,
    d.purpose,
    d.event_class,
    SUM(d.n_events) AS n_events,
    MIN(d.first_at) AS first_at,
    MAX(d.last_at) AS last_at,
    ARG_MAX(d.last_ref, moment(d.last_at, d.last_ref)) AS ref
  FROM data_use AS d
  WHERE d.in_window AND d.registered AND d.outcome = 'success' AND (d.event_class = 'data' OR d.event_class IS NULL)
  GROUP BY d.agent_id, d.data_source, d.purpose, d.event_class
),
matched AS (
  SELECT
    t.agent_id,
    t.data_source,
    t.event_class IS NOT NULL AS of_data,
    t.n_events,
    t.first_at,
    t.last_at,
    t.ref,
    COUNT(g.type) AS n_near,
    MAX(o.expires_at) AS ended_at
  FROM touched AS t
  LEFT JOIN grants AS o ON o.actor_id = t.agent_id AND o.type = 'data' AND o.name = t.data_source
  LEFT JOIN grants AS g
    ON g.actor_id = t.agent_id AND g.type = 'data'
    AND (t.data_source LIKE g.like_pattern ESCAPE '!' OR g.name LIKE o.like_pattern ESCAPE '!')
    AND holds_at(g.expires_at, t.last_at) AND same_purpose(g.purpose, t.purpose)
  GROUP BY t.agent_id, t.data_source, t.purpose, t.event_class, t.n_events, t.first_at, t.last_at, t.ref
  HAVING COUNT(CASE WHEN t.data_source LIKE g.like_pattern ESCAPE '!' THEN 1 END) = 0
),
-- Data that no grant of today covers has no name of a grant: what was taken away is compared with none.
past AS (
  SELECT p.actor_id, MAX(p.perhaps_until_at) AS until_at
  FROM past_rights AS p
  WHERE p.type = 'data'
  GROUP BY p.actor_id
)
SELECT
  m.agent_id,
  m.data_source,
  m.of_data AND m.n_near = 0 AND NOT COALESCE(p.until_at >= m.last_at, FALSE) AS is_outside,
  CASE
    WHEN m.of_data AND m.n_near = 0 AND (m.first_at <= m.ended_at OR m.first_at <= p.until_at) THEN 1
    ELSE m.n_events
  END AS n_events,
  m.last_at,
  m.ref
FROM matched AS m
LEFT JOIN past AS p ON p.actor_id = m.agent_id
