-- One identity whose callers a log tells (program or way of authenticating): in how many of its events in those logs.
-- part
SELECT t.principal_id, SUM(t.n_told) AS n_told, SUM(x.n_all) AS n_all
FROM (
  SELECT c.principal_id, c.log_source, SUM(c.n_events) AS n_told
  FROM callers AS c
  WHERE c.in_window AND c.outcome <> 'denied' AND c.principal_id IS NOT NULL
  GROUP BY c.principal_id, c.log_source
) AS t
LEFT JOIN (
  SELECT a.principal_id, a.log_source, SUM(a.n_events) AS n_all
  FROM activity AS a
  WHERE a.in_window AND a.outcome <> 'denied' AND a.principal_id IS NOT NULL
  GROUP BY a.principal_id, a.log_source
) AS x ON x.principal_id = t.principal_id AND x.log_source = t.log_source
GROUP BY t.principal_id
