-- One credential of an agent that a person may know who left the agent, or of whom it is not told whether or when: it is in
-- force and was made before. Who may read it is not always recorded; then whoever answered for the agent may know it. Of who
-- left before the period only what still stood open in it counts: what was rotated by then is settled.
-- part
SELECT
  p.actor_id,
  p.person_id,
  p.role,
  p.is_stranger,
  p.moved,
  NOT p.moved AND p.state = 'active' AND p.left_at IS NOT NULL AS is_contradicted,
  p.left_at,
  c.credential_id,
  c.type,
  c.privileged,
  c.readers,
  c.last_rotated_at AS rotated_at,
  COALESCE(c.last_rotated_at, c.issued_at) AS dated_at,
  c.ref
FROM agent_people AS p
CROSS JOIN run AS r
JOIN credentials AS c ON c.actor_id = p.actor_id
WHERE (
    (p.is_stranger AND p.role <> 'previous_owner')
    OR (p.kind = 'human' AND p.state = 'retired' AND p.left_at IS NULL)
    OR (p.kind = 'human' AND p.left_at <= r.as_of AND (
      p.left_at >= r.period_from OR c.last_rotated_at IS NULL OR c.last_rotated_at <= p.left_at
      OR c.last_rotated_at >= r.period_from
    ))
  )
  AND (
    (c.readers IS NULL AND p.role <> 'reader') OR is_listed(p.person_id, ';' || REPLACE(c.readers, ' ', '') || ';')
  )
  AND (c.ended_at IS NULL OR c.ended_at > r.as_of)
  AND (c.issued_at IS NULL OR p.left_at IS NULL OR c.issued_at <= p.left_at)
