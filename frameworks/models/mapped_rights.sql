-- One right, its class of data, and whether it is tied to a business risk; empty: its list would not tell. May be read
-- where the absence of either is no gap.
-- actor_id text: Actor.
-- type text: As in grants.
-- name text: As in grants.
-- classification text: Class of data; empty: not recorded.
-- is_mapped flag: Tied to a risk category.
-- ref text: file#record.
-- view
SELECT
  actor_id,
  type,
  name,
  classification,
  CASE
    WHEN risk_category IS NOT NULL THEN TRUE
    WHEN source IN (SELECT source FROM carried WHERE tbl = 'grants' AND col = 'risk_category') THEN FALSE
  END AS is_mapped,
  ref
FROM grants
