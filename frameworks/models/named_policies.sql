-- One record of the policy that an agent names, the soundest first (nth): since when it counts, and whether it reaches
-- the agent's kind, unit and environment: yes, no, not_recorded.
-- part
WITH reached AS (
  SELECT
    a.actor_id,
    a.policy_version,
    p.policy_id,
    LOWER(p.scope) AS scope,
    LOWER(p.status) AS status,
    p.version,
    counts_from(p.effective_at, p.recorded_at) AS effective_at,
    p.effective_at > r.as_of OR p.recorded_at > r.as_of AS is_later,
    p.review_due < r.as_of AS is_overdue,
    p.review_due,
    CASE
      WHEN p.covers_kind <> a.kind OR p.covers_environment <> a.environment
        OR LOWER(p.covers_unit) <> LOWER(a.business_unit) THEN 'no'
      WHEN p.covers_environment IS NOT NULL AND a.environment IS NULL THEN 'not_recorded'
      WHEN p.covers_unit IS NOT NULL AND a.business_unit IS NULL THEN 'not_recorded'
      ELSE 'yes'
    END AS reaches,
    p.ref
  FROM agents AS a
  CROSS JOIN run AS r
  JOIN policies AS p ON p.policy_id = a.policy_id
)

SELECT
  c.actor_id,
  c.policy_id,
  c.scope,
  c.status,
  c.version,
  c.effective_at,
  c.is_later,
  c.is_overdue,
  c.review_due,
  c.reaches,
  c.ref,
  ROW_NUMBER() OVER (
    PARTITION BY c.actor_id
    ORDER BY
      CASE
        WHEN c.scope <> 'agents' THEN 14
        WHEN c.reaches = 'no' THEN 13
        WHEN c.status NOT IN ('approved', 'published') THEN 12
        -- Whether it was approved is not told: less than any that was.
        ELSE CASE WHEN c.status = 'published' THEN 6 ELSE 0 END + CASE
          WHEN c.is_overdue THEN 5
          WHEN c.is_later THEN 4
          WHEN c.version <> c.policy_version THEN 3
          WHEN c.effective_at IS NULL THEN 2
          WHEN c.reaches = 'not_recorded' THEN 1
          ELSE 0
        END
      END,
      c.ref
  ) AS nth
FROM reached AS c
