-- One data source that an agent reached for the first time in the period, or for the first time for a purpose, and
-- how its approval stands; without a name: data that no grant covers. An approval may name the source or its class.
-- contradicted: approved, and perhaps refused before its use.
-- reached_before: perhaps it is not new, for the log did not name the purpose earlier. none_listed: the agent has no
-- grant of data.
-- part
WITH uses AS (
  SELECT
    agent_id,
    data_source,
    purpose,
    MAX(rank_of(classification)) AS rank,
    MIN(first_at) AS first_at,
    ARG_MIN(first_ref, moment(first_at, first_ref)) AS ref
  FROM data_use
  WHERE registered AND outcome = 'success' AND (data_source IS NOT NULL OR event_class = 'data')
  GROUP BY agent_id, data_source, purpose
),

known AS (
  SELECT
    agent_id, data_source, purpose, rank, first_at, ref,
    MIN(first_at) OVER (PARTITION BY agent_id, data_source) AS known_at,
    MIN(CASE WHEN purpose IS NULL THEN first_at END) OVER (PARTITION BY agent_id, data_source) AS unnamed_at
  FROM uses
),

fresh AS (
  SELECT
    u.agent_id, u.data_source, u.purpose, u.first_at, u.ref,
    u.purpose IS NOT NULL AND u.unnamed_at < r.period_from AS reached_before,
    MIN(CASE
      WHEN same_purpose(p.purpose, u.purpose) AND holds_at(p.expires_at, u.first_at) THEN p.approved_at
    END) AS approved_at,
    COUNT(CASE WHEN may_hold(p.purpose, u.purpose, p.approved_at, p.perhaps_until, u.first_at) THEN 1 END) > 0 AS is_contradicted,
    MAX(CASE WHEN p.perhaps_until < u.first_at THEN p.perhaps_until END) AS expired_at,
    MIN(CASE WHEN p.purpose <> u.purpose THEN p.purpose END) AS other_purpose
  FROM known AS u
  CROSS JOIN run AS r
  LEFT JOIN all_approvals AS p
    ON p.actor_id = u.agent_id AND p.type IN ('data', 'change')
    AND (u.data_source LIKE p.like_pattern ESCAPE '!' OR rank_of(p.like_pattern) >= u.rank)
  WHERE u.first_at >= r.period_from AND u.first_at < r.period_to
    AND (u.purpose IS NOT NULL OR u.known_at >= r.period_from)
  GROUP BY u.agent_id, u.data_source, u.purpose, u.first_at, u.ref, u.unnamed_at, r.period_from
)

SELECT
  f.agent_id,
  f.data_source,
  f.purpose,
  f.first_at,
  f.ref,
  f.approved_at,
  f.expired_at,
  f.other_purpose,
  CASE
    WHEN f.approved_at <= f.first_at THEN 'approved'
    WHEN f.is_contradicted THEN 'contradicted'
    WHEN f.reached_before THEN 'reached_before'
    WHEN f.data_source IS NULL AND f.agent_id NOT IN (SELECT g.actor_id FROM grants AS g WHERE g.type = 'data')
      THEN 'none_listed'
    WHEN f.data_source IS NULL THEN 'uncovered'
    WHEN f.approved_at IS NOT NULL THEN 'late'
    ELSE 'unapproved'
  END AS standing
FROM fresh AS f
