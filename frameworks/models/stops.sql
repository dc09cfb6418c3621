-- One time for which an agent is stopped: suspended, retired or rejected, since when, until when, and what it became
-- then.
-- part
WITH history AS (
  SELECT
    actor_id,
    state,
    from_at,
    COALESCE(until_at, LEAD(from_at) OVER (PARTITION BY actor_id ORDER BY from_at, state)) AS until_at,
    LEAD(state) OVER (PARTITION BY actor_id ORDER BY from_at, state) AS next_state
  FROM state_changes
)

SELECT
  a.actor_id,
  h.state,
  h.from_at,
  COALESCE(
    h.until_at,
    CASE
      WHEN a.state = 'retired' AND h.state <> 'retired' THEN COALESCE(a.retired_at, a.state_since)
      WHEN a.state <> h.state THEN a.state_since
    END
  ) AS until_at,
  COALESCE(h.next_state, a.state) AS next_state
FROM history AS h
JOIN agents AS a ON a.actor_id = h.actor_id
WHERE h.state IN ('suspended', 'retired', 'rejected')

UNION ALL

SELECT
  a.actor_id,
  a.state,
  CASE WHEN a.state = 'retired' THEN COALESCE(a.retired_at, a.state_since) ELSE a.state_since END,
  NULL,
  a.state
FROM agents AS a
LEFT JOIN history AS h ON h.actor_id = a.actor_id AND h.state = a.state AND h.until_at IS NULL
WHERE a.state IN ('suspended', 'retired', 'rejected') AND h.actor_id IS NULL

UNION ALL

-- Only one of its lists says so, and the one read first says otherwise: since when is not known.
SELECT r.actor_id, MIN(r.state), NULL, NULL, MIN(a.state)
FROM listings AS r
JOIN agents AS a ON a.actor_id = r.actor_id
WHERE r.kind = 'identity'
  AND r.state IN ('suspended', 'retired', 'rejected')
  AND a.state NOT IN ('suspended', 'retired', 'rejected')
  AND r.actor_id NOT IN (SELECT h.actor_id FROM history AS h)
GROUP BY r.actor_id
