-- One row: of how many of the policies that agents in use name there is a record. Records that know few of them are an
-- export of something else: that a policy is not among them proves no absence.
-- part
SELECT
  COUNT(*) AS n_named,
  COUNT(CASE WHEN EXISTS (SELECT 1 FROM policies AS p WHERE p.policy_id = s.policy_id) THEN 1 END) AS n_known
FROM (
  SELECT DISTINCT a.policy_id
  FROM agents AS a
  WHERE a.policy_id IS NOT NULL AND (a.state IS NULL OR a.state = 'active')
) AS s
