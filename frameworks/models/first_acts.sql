-- One actor that did something with success: since when, and how often.
-- part
SELECT
  x.agent_id,
  MIN(x.first_at) AS first_at,
  ARG_MIN(x.first_ref, moment(x.first_at, x.first_ref)) AS ref,
  SUM(x.n_events) AS n_events
FROM activity AS x
WHERE x.outcome = 'success'
GROUP BY x.agent_id
