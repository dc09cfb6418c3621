-- One right of an agent that took effect in the period (in_period), or perhaps did, for nobody recorded when; and what
-- was missing by that day: a mapping to risk categories, a sign-off by the risk owner, a risk category of its own.
-- part
WITH started AS (
  SELECT
    e.actor_id,
    e.type,
    e.name,
    e.classification,
    e.effect,
    e.privileged,
    e.risk_category,
    e.is_undated,
    e.effective_at,
    e.effective_at >= r.period_from AND e.effective_at < r.period_to AS in_period,
    e.ref
  FROM effective_rights AS e
  CROSS JOIN run AS r
  WHERE (e.effective_at >= r.period_from AND e.effective_at < r.period_to)
    OR (e.is_undated AND (e.effective_at IS NULL OR e.effective_at < r.period_from))
)

SELECT
  s.actor_id,
  s.type,
  s.name,
  s.classification,
  s.effect,
  s.privileged,
  s.is_undated,
  s.effective_at,
  s.in_period,
  a.risk_mapped_at AS mapped_at,
  a.risk_signed_off_by AS signed_by,
  a.risk_signed_off_at AS signed_at,
  CASE
    WHEN a.risk_mapped_at IS NULL THEN 'not_mapped'
    WHEN CAST(a.risk_mapped_at AS DATE) > CAST(s.effective_at AS DATE) THEN 'mapped_late'
    WHEN a.risk_signed_off_by IS NULL THEN 'not_signed_off'
    WHEN a.risk_signed_off_at IS NULL THEN 'undated_sign_off'
    WHEN CAST(a.risk_signed_off_at AS DATE) > CAST(s.effective_at AS DATE) THEN 'signed_off_late'
    WHEN s.risk_category IS NULL THEN 'no_category'
  END AS gap,
  s.ref
FROM started AS s
JOIN agents AS a ON a.actor_id = s.actor_id
WHERE a.state IS NULL OR a.state NOT IN ('draft', 'rejected')
