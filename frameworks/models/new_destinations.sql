-- One destination that an agent acted on for the first time in the period, or for the first time for a purpose, and
-- how its approval stands. An act is more than reading: where no effect is known, it may be one. effect_not_known:
-- no call was surely an act. perhaps_before: approved before the first act, yet not before a call that may be one.
-- reached_before: perhaps it is not new. read: only read from so far.
-- contradicted: approved, and perhaps refused before the act.
-- part
WITH uses AS (
  SELECT
    agent_id,
    place_of(destination) AS destination,
    purpose,
    MIN(first_at) AS seen_at,
    MIN(CASE WHEN effect <> 'read' THEN first_at END) AS acted_at,
    MIN(CASE WHEN effect IS DISTINCT FROM 'read' THEN first_at END) AS maybe_at,
    ARG_MIN(
      first_ref,
      CASE WHEN effect IS NULL THEN '2' WHEN effect <> 'read' THEN '1' ELSE '3' END || moment(first_at, first_ref)
    ) AS ref
  FROM reach
  WHERE registered AND outcome = 'success'
  GROUP BY agent_id, place_of(destination), purpose
),

known AS (
  SELECT
    agent_id, destination, purpose, acted_at, maybe_at, ref,
    COALESCE(acted_at, maybe_at, seen_at) AS first_at,
    MIN(acted_at) OVER (PARTITION BY agent_id, destination) AS known_at,
    MIN(maybe_at) OVER (PARTITION BY agent_id, destination) AS perhaps_known_at,
    MIN(CASE WHEN purpose IS NULL THEN COALESCE(acted_at, maybe_at) END)
      OVER (PARTITION BY agent_id, destination) AS unnamed_at
  FROM uses
),

fresh AS (
  SELECT
    u.agent_id, u.destination, u.purpose, u.first_at, u.acted_at, u.maybe_at, u.ref,
    (u.purpose IS NOT NULL AND u.unnamed_at < r.period_from) OR u.maybe_at < r.period_from AS reached_before,
    MIN(CASE
      WHEN same_purpose(p.purpose, u.purpose) AND holds_at(p.expires_at, u.first_at) THEN p.approved_at
    END) AS approved_at,
    COUNT(CASE WHEN may_hold(p.purpose, u.purpose, p.approved_at, p.perhaps_until, u.first_at) THEN 1 END) > 0 AS is_contradicted,
    MAX(CASE WHEN p.perhaps_until < u.first_at THEN p.perhaps_until END) AS expired_at,
    MIN(CASE WHEN p.purpose <> u.purpose THEN p.purpose END) AS other_purpose
  FROM known AS u
  CROSS JOIN run AS r
  LEFT JOIN all_approvals AS p
    ON p.actor_id = u.agent_id AND p.type IN ('destination', 'change') 
    AND u.destination LIKE place_of(p.like_pattern) ESCAPE '!'
  WHERE u.first_at >= r.period_from AND u.first_at < r.period_to
    AND (u.purpose IS NOT NULL OR u.known_at IS NULL OR u.known_at >= r.period_from)
    AND (u.maybe_at IS NOT NULL OR u.perhaps_known_at IS NULL)
  GROUP BY u.agent_id, u.destination, u.purpose, u.first_at, u.acted_at, u.maybe_at, u.ref, u.unnamed_at, r.period_from
)

SELECT
  f.agent_id,
  f.destination,
  f.purpose,
  f.first_at,
  f.ref,
  f.approved_at,
  f.expired_at,
  f.other_purpose,
  CASE
    WHEN f.maybe_at IS NULL THEN 'read'
    WHEN f.approved_at <= f.maybe_at THEN 'approved'
    WHEN f.acted_at IS NULL THEN 'effect_not_known'
    WHEN f.approved_at <= f.first_at THEN 'perhaps_before'
    WHEN f.is_contradicted THEN 'contradicted'
    WHEN f.reached_before THEN 'reached_before'
    WHEN f.approved_at IS NOT NULL THEN 'late'
    ELSE 'unapproved'
  END AS standing
FROM fresh AS f
