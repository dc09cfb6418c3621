-- One log whose records of the period are numbered, and some numbers are missing.
-- Numbers that repeat start again somewhere; they count something smaller than the log.
-- part
SELECT
  e.log_source,
  MAX(e.sequence) - MIN(e.sequence) + 1 AS n_numbers,
  MAX(e.sequence) - MIN(e.sequence) + 1 - COUNT(DISTINCT e.sequence) AS n_missing
FROM events AS e
WHERE e.sequence IS NOT NULL AND e.in_window
GROUP BY e.log_source
HAVING COUNT(*) = COUNT(DISTINCT e.sequence) AND MAX(e.sequence) - MIN(e.sequence) + 1 > COUNT(DISTINCT e.sequence)
