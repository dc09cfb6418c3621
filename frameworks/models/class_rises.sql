-- One agent of a list that in the period reached data of a higher class than ever before, and which class.
-- part
SELECT
  d.agent_id,
  ARG_MAX(d.classification, CASE WHEN d.in_window THEN rank_of(d.classification) END) AS class
FROM data_use AS d
CROSS JOIN run AS r
WHERE d.registered AND d.outcome = 'success' AND (d.data_source IS NOT NULL OR d.event_class = 'data')
GROUP BY d.agent_id
HAVING MAX(CASE WHEN d.in_window THEN rank_of(d.classification) END)
  > MAX(CASE WHEN d.first_at < r.period_from THEN rank_of(d.classification) END)
