-- One policy of the records, and whether it is in force on the day of the report: approved, effective and not past its review.
-- may_be: a system has it published, and does not tell whether it was approved.
-- part
SELECT
  p.policy_id,
  MAX(CASE
    WHEN LOWER(p.status) = 'approved' AND p.effective_at <= r.as_of
      AND (p.review_due IS NULL OR p.review_due >= r.as_of) THEN 1
    ELSE 0
  END) AS in_force,
  MAX(CASE
    WHEN LOWER(p.status) = 'published' AND (p.effective_at IS NULL OR p.effective_at <= r.as_of)
      AND (p.review_due IS NULL OR p.review_due >= r.as_of) THEN 1
    ELSE 0
  END) AS may_be
FROM policies AS p
CROSS JOIN run AS r
GROUP BY p.policy_id
