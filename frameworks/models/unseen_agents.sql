-- One log that names an agent that is in no list. No log shows a dated act of that agent, only heartbeats or events without a
-- time.
-- agent_id text: Actor, as the log names it.
-- log_source text: Log that names it.
-- source text: Source that reads that log.
-- ref text: file#record of the first record that names it.
-- of events
-- as in events
WITH unseen AS (
  SELECT actor_id AS agent_id
  FROM actors
  WHERE NOT registered AND actor_id NOT IN (SELECT agent_id FROM activity WHERE agent_id IS NOT NULL)
)

SELECT k.agent_id, e.log_source, e.source, arg_min(ref_to(e.file, e.record), (e.part, e.record)) AS ref
FROM unseen AS u
JOIN event_actors AS k ON k.agent_id = u.agent_id
JOIN in_events AS e ON e.who = k.who
GROUP BY k.agent_id, e.log_source, e.source
