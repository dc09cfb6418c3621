-- One tool of which the log tells no effect, and the one that the agent's grants give it: of that very name first, then the gravest.
-- What a rule lets one command of a shell do tells nothing of the shell.
-- step
WITH untold AS (
  SELECT k.agent_id, a.tool
  FROM logged_activity AS a
  JOIN event_actors AS k ON k.who = a.who
  JOIN event_kinds AS c ON c.kind = a.kind
  WHERE k.registered AND c.effect IS NULL AND a.tool IS NOT NULL

  UNION

  SELECT k.agent_id, b.tool
  FROM in_baseline AS b
  JOIN event_actors AS k ON k.who = b.who
  WHERE k.registered AND b.effect IS NULL AND b.tool IS NOT NULL
)

SELECT u.agent_id, u.tool, arg_max(g.effect, (g.name = u.tool, gravity_of(g.effect))) AS effect
FROM untold AS u
JOIN grants AS g
  ON g.actor_id = u.agent_id AND g.type = 'tool' AND g.effect IS NOT NULL AND g.action IS NULL AND u.tool LIKE g.like_pattern ESCAPE '!'
GROUP BY u.agent_id, u.tool
