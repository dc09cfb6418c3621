-- One session that started another: how far up the chain goes, where it ends, and who is there; up is the parent at which it breaks off.
-- step
WITH RECURSIVE walk AS (
  SELECT
    session_id AS start,
    parent AS up,
    delegator,
    trigger,
    agent_id,
    is_human,
    n_people,
    stranger,
    1 AS depth,
    [session_id] AS path
  FROM starting_sessions

  UNION ALL

  SELECT
    w.start,
    s.parent,
    -- A session that says itself who or what started it: what those below say does not count.
    coalesce(s.delegator, CASE WHEN starts_itself(s.is_human, s.trigger) THEN NULL ELSE w.delegator END),
    s.trigger,
    s.agent_id,
    s.is_human,
    s.n_people,
    coalesce(w.stranger, s.stranger),
    w.depth + 1,
    list_append(w.path, s.session_id)
  FROM walk AS w
  JOIN starting_sessions AS s ON s.session_id = w.up
  WHERE w.depth < 32 AND NOT list_contains(w.path, w.up)
)

SELECT
  start,
  up,
  delegator,
  trigger,
  agent_id,
  is_human,
  n_people,
  stranger,
  depth,
  coalesce(list_contains(path, up), FALSE) AS is_circle
FROM walk
QUALIFY row_number() OVER (PARTITION BY start ORDER BY depth DESC) = 1
