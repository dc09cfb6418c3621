-- One kind of act of an agent with success in the period, where the agent runs (own; the log's word where no record
-- tells), and where the act took place beside that: crossing into production, down from it, at home, or untold.
-- n_acts counts what was more than talk: calls of tools, data, administration.
-- part
WITH acts AS (
  SELECT
    x.agent_id,
    COALESCE(a.environment, x.environment) AS own,
    COALESCE(x.resource_environment, CASE WHEN a.environment IS NOT NULL THEN x.environment END) AS target,
    x.n_events,
    CASE WHEN COALESCE(x.event_class, 'tool') IN ('tool', 'data', 'admin') THEN x.n_events ELSE 0 END AS n_acts,
    x.first_at,
    x.first_ref
  FROM activity AS x
  JOIN agents AS a ON a.actor_id = x.agent_id
  WHERE x.in_window AND x.outcome = 'success'
)

SELECT
  c.agent_id,
  c.own,
  c.n_events,
  c.n_acts,
  c.first_at,
  c.first_ref,
  CASE
    WHEN c.own IS NULL OR c.target IS NULL THEN 'untold'
    WHEN c.own <> 'production' AND c.target = 'production' THEN 'crossing'
    WHEN c.own = 'production' AND c.target <> 'production' THEN 'down'
    ELSE 'home'
  END AS place
FROM acts AS c
