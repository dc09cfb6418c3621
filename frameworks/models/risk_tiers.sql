-- One agent and its risk tier, from what it is given and what it did.
-- step
WITH computed AS (
  SELECT
    *,
    CASE WHEN registered THEN tier_of(autonomy_lo, blast_lo, data_lo) ELSE 4 END AS computed_lo,
    CASE WHEN registered THEN tier_of(autonomy_hi, blast_hi, data_hi) ELSE 4 END AS computed_hi,
    CASE risk_tier WHEN 'low' THEN 1 WHEN 'medium' THEN 2 WHEN 'high' THEN 3 WHEN 'critical' THEN 4 ELSE 0 END AS declared
  FROM risk_attributes
)

SELECT
  *,
  CASE WHEN declared > computed_lo THEN declared ELSE computed_lo END AS tier_lo,
  CASE WHEN declared > computed_hi THEN declared ELSE computed_hi END AS tier_hi
FROM computed
