-- One identity whose callers a log tells (program or way of authenticating): in how many of its events in those logs.
-- part
SELECT t.principal_id, SUM(t.n_told) AS n_told, SUM(t.n_all) AS n_all
FROM (
  SELECT
    c.principal_id,
    SUM(c.n_events) AS n_told,
    (
      SELECT SUM(x.n_events)
      FROM activity AS x
      WHERE x.in_window AND x.outcome <> 'denied' AND x.principal_id = c.principal_id AND x.log_source = c.log_source
    ) AS n_all
  FROM callers AS c
  WHERE c.in_window AND c.outcome <> 'denied' AND c.principal_id IS NOT NULL
  GROUP BY c.principal_id, c.log_source
) AS t
GROUP BY t.principal_id
