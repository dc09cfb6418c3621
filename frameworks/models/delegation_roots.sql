-- One delegated row with the chain before it, and who is at its root.
-- step
WITH chained AS (
  SELECT
    d.session_id,
    d.agent_id,
    d.n_events,
    d.in_window,
    d.first_at,
    d.last_at,
    d.first_ref,
    CASE WHEN c.start IS NULL THEN d.parent ELSE c.up END AS up,
    coalesce(c.is_circle, FALSE) AS is_circle,
    CASE WHEN c.start IS NULL THEN d.trigger ELSE c.trigger END AS trigger,
    coalesce(c.delegator, CASE WHEN starts_itself(c.is_human, c.trigger) THEN NULL ELSE d.delegator END) AS delegator,
    CASE WHEN c.start IS NULL THEN d.agent_id ELSE c.agent_id END AS top_id,
    CASE WHEN c.start IS NULL AND s.is_human THEN s.agent_id END AS starter_id,
    CASE WHEN c.start IS NULL THEN s.n_people ELSE c.n_people END AS n_people,
    coalesce(CASE WHEN NOT d.registered THEN d.agent_id END, c.stranger) AS stranger,
    coalesce(c.depth, CASE WHEN d.parent IS NOT NULL THEN 1 ELSE 0 END) AS depth
  FROM delegated_acts AS d
  LEFT JOIN session_chains AS c ON c.start = d.parent
  LEFT JOIN starting_sessions AS s ON s.session_id = d.session_id AND d.trigger = 'human'
),

named AS (
  SELECT
    *,
    (delegator IS NULL AND (n_people > 1 OR (trigger = 'human' AND coalesce(n_people, 0) = 0))) IS TRUE AS is_unnamed
  FROM chained
),

rooted AS (
  SELECT
    n.*,
    CASE
      WHEN n.delegator IS NOT NULL THEN coalesce(x.actor_id, n.delegator)
      WHEN NOT n.is_unnamed THEN coalesce(n.starter_id, n.top_id)
    END AS root_id
  FROM named AS n
  LEFT JOIN known_names AS x ON x.alias = n.delegator
)

SELECT r.*, r.trigger = 'schedule' AND k.kind IS DISTINCT FROM 'human' AND k.registered AS is_by_schedule
FROM rooted AS r
LEFT JOIN actors AS k ON k.actor_id = r.root_id
