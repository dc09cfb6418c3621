-- One difference between what an agent is made of now and what it was last approved with as a whole, and how it
-- stands. approved: approved on its own since. approved_later: only after the report date. added: not among what was approved. not_compared: no snapshot of any
-- agent lists that kind. not_told: approved, and what holds now is not recorded. gone: approved and no more in use.
-- part
WITH compared AS (
  SELECT
    p.actor_id,
    p.type,
    p.name,
    p.version,
    w.approved_at,
    MAX(CASE
      WHEN s.name IS NULL THEN 0
      WHEN NOT p.has_version OR s.version = p.version OR (p.type = 'prompt' AND s.name = p.version) THEN 3
      WHEN s.version IS NULL OR p.version IS NULL THEN 2
      ELSE 1
    END) AS fit,
    MIN(s.version) AS approved_version,
    MIN(p.ref) AS ref
  FROM parts_in_use AS p
  JOIN (SELECT DISTINCT actor_id, approved_at FROM approved_parts) AS w ON w.actor_id = p.actor_id
  LEFT JOIN approved_parts AS s
    ON s.actor_id = p.actor_id AND s.type = p.type AND (s.name IN (p.name, p.id) OR p.type IN ('prompt', 'autonomy'))
  GROUP BY p.actor_id, p.type, p.name, p.version, w.approved_at
),

decided AS (
  SELECT
    c.actor_id,
    c.type,
    c.name,
    c.version,
    c.approved_version,
    c.fit,
    (
      SELECT MIN(q.approved_at)
      FROM all_approvals AS q
      CROSS JOIN run AS r
      WHERE q.actor_id = c.actor_id AND q.type IN (c.type, 'change') AND q.approved_at >= c.approved_at
        AND (q.expires_at IS NULL OR q.expires_at > r.as_of)
        AND (c.name LIKE q.like_pattern ESCAPE '!' OR c.version LIKE q.like_pattern ESCAPE '!'
          OR c.name || ' ' || c.version LIKE q.like_pattern ESCAPE '!'
          OR c.name || '=' || c.version LIKE q.like_pattern ESCAPE '!')
    ) AS decided_at,
    c.ref
  FROM compared AS c
  WHERE c.fit < 3
)

SELECT
  c.actor_id,
  c.type,
  c.name,
  c.version,
  c.approved_version,
  CASE
    WHEN c.decided_at <= r.as_of THEN 'approved'
    WHEN c.decided_at > r.as_of THEN 'approved_later'
    WHEN c.type NOT IN (SELECT i.type FROM snapshot_items AS i) THEN 'not_compared'
    WHEN c.fit = 0 THEN 'added'
    WHEN c.fit = 2 THEN 'no_version'
    ELSE 'changed'
  END AS standing,
  c.ref
FROM decided AS c
CROSS JOIN run AS r

UNION ALL

SELECT
  s.actor_id,
  s.type,
  s.name,
  NULL,
  s.version,
  CASE WHEN s.type IN ('prompt', 'autonomy', 'limit') THEN 'not_told' ELSE 'gone' END,
  s.ref
FROM approved_parts AS s
LEFT JOIN parts_in_use AS p
  ON p.actor_id = s.actor_id AND p.type = s.type AND (s.name IN (p.name, p.id) OR p.type IN ('prompt', 'autonomy'))
WHERE p.actor_id IS NULL
