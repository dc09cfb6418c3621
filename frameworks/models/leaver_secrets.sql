-- One credential of an agent that a person who has left the agent may know: it is in force, and was not made or rotated since,
-- or only after the day of the report (rotated_later). Who may read it is not always recorded; then whoever answered for the agent may know it.
-- part
SELECT
  p.actor_id,
  p.person_id,
  p.role,
  c.credential_id,
  c.type,
  c.readers,
  COALESCE(c.last_rotated_at, c.issued_at) AS dated_at,
  c.last_rotated_at > r.as_of AS rotated_later
FROM agent_people AS p
CROSS JOIN run AS r
JOIN credentials AS c ON c.actor_id = p.actor_id
WHERE p.left_at IS NOT NULL AND (p.moved OR p.state IS NULL OR p.state <> 'active')
  AND (
    (c.readers IS NULL AND p.role <> 'reader') OR is_listed(p.person_id, ';' || REPLACE(c.readers, ' ', '') || ';')
  )
  AND (c.ended_at IS NULL OR c.ended_at > r.as_of)
  AND (c.issued_at IS NULL OR c.issued_at <= p.left_at)
  AND (c.last_rotated_at IS NULL OR c.last_rotated_at <= p.left_at OR c.last_rotated_at > r.as_of)
