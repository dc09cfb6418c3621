-- One actor that events of the period name and that is an agent or in no list: whether a list knows it (known), what
-- the log says that it is (of two kinds the first and the last), since when it acts and how often, denied calls
-- apart.
-- part
SELECT
  x.agent_id,
  MAX(CASE WHEN x.registered THEN 1 ELSE 0 END) AS known,
  MAX(CASE WHEN x.agent_kind = 'agent' THEN 1 ELSE 0 END) AS is_agent,
  MIN(CASE WHEN x.outcome <> 'denied' THEN x.actor_kind END) AS kind,
  MAX(CASE WHEN x.outcome <> 'denied' THEN x.actor_kind END) AS other_kind,
  MIN(x.registered_at) AS registered_at,
  MIN(CASE WHEN x.outcome <> 'denied' THEN x.first_at END) AS first_at,
  ARG_MIN(
    x.first_ref, CASE WHEN x.outcome = 'denied' THEN '2' ELSE '1' END || moment(x.first_at, x.first_ref)
  ) AS ref,
  SUM(CASE WHEN x.outcome = 'denied' THEN 0 ELSE x.n_events END) AS n_acts,
  SUM(CASE WHEN x.outcome = 'denied' THEN x.n_events ELSE 0 END) AS n_denied
FROM activity AS x
WHERE x.in_window AND x.agent_id IS NOT NULL AND (x.agent_kind = 'agent' OR NOT x.registered)
GROUP BY x.agent_id
