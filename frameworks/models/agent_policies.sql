-- One policy for agents, the soundest first (nth; by its clauses: nth_told): since when it counts, and which of the eight
-- clauses it lacks; a system may record a policy without them. Of equals the one goes first that a system says it recorded.
-- part
WITH dated AS (
  SELECT
    p.policy_id,
    LOWER(p.status) AS status,
    p.approved_by,
    counts_from(p.effective_at, p.recorded_at) AS effective_at,
    p.recorded_at > p.effective_at AS is_backdated,
    p.recorded_at IS NULL AS is_undated,
    p.review_due,
    lacks(p.clauses, 'identity') || lacks(p.clauses, 'actions') || lacks(p.clauses, 'data')
      || lacks(p.clauses, 'escalation') || lacks(p.clauses, 'human_review') || lacks(p.clauses, 'logging')
      || lacks(p.clauses, 'third_parties') || lacks(p.clauses, 'retirement') AS lacking,
    p.clauses IS NULL AND p.recorded_at IS NOT NULL AS is_untold,
    p.document,
    p.ref
  FROM policies AS p
  WHERE LOWER(p.scope) = 'agents'
),

graded AS (
  SELECT
    d.policy_id, d.status, d.approved_by, d.effective_at, d.is_backdated, d.is_undated, d.review_due, d.lacking, d.is_untold,
    d.document, d.ref,
    CASE
      WHEN d.status NOT IN ('approved', 'published') THEN 11
      WHEN d.status = 'approved' AND d.approved_by IS NULL THEN 5
      -- Whether it was approved is not told: less than any that was.
      ELSE CASE WHEN d.status = 'published' THEN 6 ELSE 0 END + CASE
        WHEN d.effective_at IS NULL OR d.effective_at > r.as_of THEN 4
        WHEN d.review_due < r.as_of THEN 3
        WHEN d.review_due IS NULL THEN 2
        ELSE 0
      END
    END AS grade
  FROM dated AS d
  CROSS JOIN run AS r
)

SELECT
  g.policy_id,
  g.status,
  g.approved_by,
  g.effective_at,
  g.is_backdated,
  g.review_due,
  NULLIF(REPLACE('#' || g.lacking, '#, ', ''), '#') AS lacking,
  g.is_untold,
  g.document,
  g.ref,
  ROW_NUMBER() OVER (ORDER BY g.grade, g.is_undated, LENGTH(g.lacking), g.policy_id, g.ref) AS nth,
  ROW_NUMBER() OVER (ORDER BY g.is_untold, g.grade, LENGTH(g.lacking), g.is_undated, g.policy_id, g.ref) AS nth_told
FROM graded AS g
