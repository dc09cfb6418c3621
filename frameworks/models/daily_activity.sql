-- One day of an agent with events, of any period; heartbeats left out.
-- agent_id text: Actor.
-- day time: Day (UTC).
-- n_events int: Events.
-- n_denied int: Of them denied.
-- of events
-- as in events
SELECT
  k.agent_id,
  CAST(d.day AS TIMESTAMP) AS day,
  CAST(sum(d.n) AS BIGINT) AS n_events,
  CAST(sum(d.n_denied) AS BIGINT) AS n_denied
FROM seen_days AS d
JOIN event_actors AS k ON k.who = d.who
-- Events of agents that name nobody are nobody's days.
WHERE k.agent_kind = 'agent' AND k.agent_id IS NOT NULL
GROUP BY k.agent_id, d.day
