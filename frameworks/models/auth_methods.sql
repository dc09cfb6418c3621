-- One way in which a credential of an agent in use authenticates: as a list declares it or, where its type alone tells,
-- lets one guess; or as an agent used it with success in the period. A list that tells no way gives a row too.
-- part
WITH listed AS (
  SELECT
    c.credential_id,
    MIN(CASE WHEN c.ended_at <= r.as_of THEN 1 ELSE 0 END) AS is_over,
    MIN(CASE WHEN a.state IN ('retired', 'rejected') THEN 1 ELSE 0 END) AS is_idle
  FROM credentials AS c
  JOIN agents AS a ON a.actor_id = c.actor_id
  CROSS JOIN run AS r
  GROUP BY c.credential_id
),

told AS (
  SELECT
    c.credential_id,
    spelled(TRIM(COALESCE(c.auth_method, c.type))) AS method,
    CASE WHEN c.auth_method IS NULL THEN 'guessed' ELSE 'declared' END AS basis,
    NULL AS n_events,
    NULL AS first_at,
    c.ref
  FROM credentials AS c
  JOIN agents AS a ON a.actor_id = c.actor_id

  UNION ALL

  SELECT c.credential_id, spelled(TRIM(c.auth_method)), 'seen', c.n_events, c.first_at, c.first_ref
  FROM callers AS c
  WHERE c.in_window AND c.outcome = 'success' AND c.agent_kind = 'agent' AND c.auth_method IS NOT NULL
    AND c.credential_id IS NOT NULL AND NOT c.credential_is_intermediary
)

SELECT t.credential_id, t.method, t.basis, t.n_events, t.first_at, t.ref
FROM told AS t
LEFT JOIN listed AS l ON l.credential_id = t.credential_id
WHERE l.credential_id IS NULL OR (l.is_over = 0 AND l.is_idle = 0)
