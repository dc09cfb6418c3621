-- One data grant and what of an agent's events named a resource that it matches; an event that several match counts for each.
-- agent_id text: Actor.
-- registered flag: That actor is in the register.
-- in_window flag: Inside the period under review.
-- data_source text: Name of the matching data grant; empty: no grant matches.
-- purpose text: Workflow, task or process it was done for.
-- classification text: Class of the data touched.
-- effect text: Effect class of the action.
-- event_class text: tool | data | model | session | admin | auth | heartbeat.
-- outcome text: How it ended.
-- n_events int: Events.
-- first_at time: First of them.
-- last_at time: Last of them.
-- first_ref text: file#record of the first.
-- last_ref text: file#record of the last.
-- of events
-- as in events
WITH reach AS MATERIALIZED (
  SELECT
    k.who,
    g.name,
    g.like_pattern,
    rtrim(g.name, '*') AS start,
    g.name LIKE '%*' AND NOT contains(rtrim(g.name, '*'), '*') AS is_start
  FROM event_actors AS k
  JOIN grants AS g ON g.actor_id = k.agent_id AND g.type = 'data'
),

touched AS (
  SELECT
    e.who,
    e.purpose,
    g.name AS data_source,
    e.kind,
    e.in_window,
    count(*) AS n_events,
    min(e.stamp) AS first_stamp,
    max(e.stamp) AS last_stamp
  FROM dated_acts AS e
  LEFT JOIN reach AS g
    ON g.who = e.who
    AND CASE WHEN g.is_start THEN starts_with(e.resource, g.start) ELSE e.resource LIKE g.like_pattern ESCAPE '!' END
  WHERE e.resource IS NOT NULL
  GROUP BY ALL
),

counted AS (
  SELECT
    k.agent_id,
    k.registered,
    t.in_window,
    t.purpose,
    t.data_source,
    c.classification,
    c.effect,
    c.event_class,
    c.outcome,
    CAST(sum(t.n_events) AS BIGINT) AS n_events,
    min(t.first_stamp) AS first_stamp,
    max(t.last_stamp) AS last_stamp
  FROM touched AS t
  JOIN event_actors AS k ON k.who = t.who
  JOIN event_kinds AS c ON c.kind = t.kind
  GROUP BY ALL
)

SELECT
  c.agent_id,
  c.registered,
  c.in_window,
  c.data_source,
  c.purpose,
  c.classification,
  c.effect,
  c.event_class,
  c.outcome,
  c.n_events,
  time_of(c.first_stamp) AS first_at,
  time_of(c.last_stamp) AS last_at,
  ref_of(f.file, c.first_stamp) AS first_ref,
  ref_of(l.file, c.last_stamp) AS last_ref
FROM counted AS c
JOIN parts AS f ON f.part = part_of(c.first_stamp)
JOIN parts AS l ON l.part = part_of(c.last_stamp)
