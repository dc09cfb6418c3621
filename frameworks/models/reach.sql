-- One destination that events of an actor name; an event with several counts for each.
-- agent_id text: Actor.
-- registered flag: That actor is in the register.
-- in_window flag: Inside the period under review.
-- log_source text: Log it came through.
-- purpose text: Workflow, task or process it was done for.
-- tool text: Tool called.
-- destination text: Where data or effect went.
-- effect text: Effect class of the action.
-- outcome text: How it ended.
-- host text: Host of that address, or domain of that mail address, in small letters; empty: it is neither.
-- n_events int: Events.
-- first_at time: First of them.
-- last_at time: Last of them.
-- first_ref text: file#record of the first.
-- last_ref text: file#record of the last.
-- of events
-- as in events
WITH lists AS (
  SELECT
    e.who,
    e.log_source,
    e.purpose,
    e.tool,
    e.destination,
    e.effect,
    e.outcome,
    e.in_window,
    count(*) AS n_events,
    min(e.stamp) AS first_stamp,
    max(e.stamp) AS last_stamp
  FROM dated_acts AS e
  WHERE e.destination IS NOT NULL
  GROUP BY ALL
),

single AS (
  SELECT
    who,
    log_source,
    purpose,
    tool,
    unnest(string_split(destination, '; ')) AS destination,
    effect,
    outcome,
    in_window,
    n_events,
    first_stamp,
    last_stamp
  FROM lists
),

counted AS (
  SELECT
    k.agent_id,
    k.registered,
    s.in_window,
    s.log_source,
    s.purpose,
    s.tool,
    s.destination,
    s.effect,
    s.outcome,
    CAST(sum(s.n_events) AS BIGINT) AS n_events,
    min(s.first_stamp) AS first_stamp,
    max(s.last_stamp) AS last_stamp
  FROM single AS s
  JOIN event_actors AS k ON k.who = s.who
  GROUP BY ALL
)

SELECT
  c.agent_id,
  c.registered,
  c.in_window,
  c.log_source,
  c.purpose,
  c.tool,
  c.destination,
  coalesce(c.effect, g.effect) AS effect,
  c.outcome,
  host_of(c.destination) AS host,
  c.n_events,
  time_of(c.first_stamp) AS first_at,
  time_of(c.last_stamp) AS last_at,
  ref_of(f.file, c.first_stamp) AS first_ref,
  ref_of(l.file, c.last_stamp) AS last_ref
FROM counted AS c
JOIN parts AS f ON f.part = part_of(c.first_stamp)
JOIN parts AS l ON l.part = part_of(c.last_stamp)
LEFT JOIN granted_effects AS g ON g.agent_id = c.agent_id AND g.tool = c.tool
