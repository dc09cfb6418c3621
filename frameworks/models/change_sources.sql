-- One record of changes, and whether its source tells who approves changes, and when.
-- step
SELECT DISTINCT
  ref_to(file, record) AS ref,
  source IN (SELECT source FROM carried WHERE tbl = 'changes' AND col = 'approved_by') AS tells_approver,
  source IN (SELECT source FROM carried WHERE tbl = 'changes' AND col = 'approved_at') AS tells_time
FROM in_changes
