-- One change, and the decision on it: its own, else that of a ticket, pull request or approval that covers it.
-- row_id int: Row of changes.
-- matched_by text: own; overridden: its own, but merged past the protection of its branch; undated: its own, and its source tells no dates; id: it names the decision; time: of the same agent and kind, made before; same_act: who changed it decided by that very act; late: made after; none: its source tells that nobody approved; unmatched: others of the kind are on record; untold: none is.
-- approver_id text: Who approved.
-- requester_id text: Who asked for that decision.
-- approved_at time: When.
-- ticket_type text: Kind of ticket.
-- decision_ref text: file#record of the decision.
WITH late AS (
  SELECT
    s.row_id,
    arg_min(o.decision_id, (o.from_at, o.decision_id, o.ref)) AS decision_id,
    arg_min(o.ref, (o.from_at, o.decision_id, o.ref)) AS ref
  FROM change_sightings AS s
  JOIN change_orders AS o
    ON o.actor_id = s.actor_id AND (o.kind IS NULL OR o.kind = s.kind) AND o.from_at > s.begun_at
    AND is_timely(s.begun_at, o.from_at)
  WHERE NOT s.is_told AND o.approver_id IS NOT NULL
    AND (s.actor_id, o.decision_id) NOT IN (
      SELECT (x.actor_id, m.decision_id)
      FROM change_matches AS m
      JOIN change_sightings AS x ON x.row_id = m.row_id
    )
  GROUP BY s.row_id
),

-- A record that says the same of several things or kinds is one decision.
decisions AS (
  SELECT decision_id, ref, approver_id, requester_id, decided_at, ticket_type
  FROM change_orders
  QUALIFY row_number() OVER (PARTITION BY decision_id, ref ORDER BY decided_at, approver_id) = 1
),

-- Who consents changes by that very act; who asked for it, the log does not say.
covered AS (
  SELECT
    m.row_id,
    m.matched_by,
    o.approver_id,
    o.requester_id,
    o.decided_at,
    o.ticket_type,
    o.ref,
    (
      (is_same(o.approver_id, c.requested_by) OR (c.requested_by IS NULL AND o.requester_id IS NULL))
      AND o.decided_at BETWEEN c.effective_at - INTERVAL 1 MINUTE AND c.effective_at + INTERVAL 1 MINUTE
    ) IS TRUE AS is_same_act
  FROM change_matches AS m
  JOIN changes AS c ON c.row_id = m.row_id
  JOIN decisions AS o ON o.decision_id = m.decision_id AND o.ref = m.ref
),

-- Only what is joined to an agent shows that decisions of that kind would be found.
recorded AS (
  SELECT o.kind, min(o.from_at) AS since
  FROM change_orders AS o
  JOIN agents AS a ON a.actor_id = o.actor_id
  GROUP BY o.kind
),

left_over AS (
  SELECT s.row_id, s.is_told, l.row_id IS NOT NULL AS is_late, min(r.since) <= any_value(s.effective_at) AS is_recorded
  FROM change_sightings AS s
  LEFT JOIN late AS l ON l.row_id = s.row_id
  LEFT JOIN recorded AS r ON r.kind IS NULL OR r.kind = s.kind
  WHERE s.row_id NOT IN (SELECT row_id FROM change_matches)
  GROUP BY s.row_id, s.is_told, l.row_id
)

SELECT
  CAST(c.row_id AS BIGINT) AS row_id,
  'own' AS matched_by,
  c.approved_by AS approver_id,
  c.requested_by AS requester_id,
  c.approved_at,
  lower(c.ticket_type) AS ticket_type,
  c.ref AS decision_ref
FROM changes AS c
JOIN change_sources AS t ON t.ref = c.ref
WHERE c.approved_by IS NOT NULL AND (c.approved_at IS NOT NULL OR t.tells_time)
  AND c.row_id NOT IN (SELECT row_id FROM overridden_changes)

UNION ALL

SELECT CAST(row_id AS BIGINT), 'overridden', NULL, requested_by, NULL, lower(ticket_type), ref
FROM changes
WHERE approved_by IS NOT NULL AND row_id IN (SELECT row_id FROM overridden_changes)

UNION ALL

SELECT CAST(c.row_id AS BIGINT), 'undated', c.approved_by, c.requested_by, c.approved_at, lower(c.ticket_type), c.ref
FROM changes AS c
JOIN change_sources AS t ON t.ref = c.ref
WHERE c.approved_by IS NOT NULL AND c.approved_at IS NULL AND NOT t.tells_time
  AND c.row_id NOT IN (SELECT row_id FROM overridden_changes)

UNION ALL

SELECT row_id, 'same_act', approver_id, NULL, decided_at, ticket_type, ref
FROM covered
WHERE is_same_act

UNION ALL

SELECT row_id, matched_by, approver_id, requester_id, decided_at, ticket_type, ref
FROM covered
WHERE NOT is_same_act

UNION ALL

SELECT x.row_id, 'late', o.approver_id, o.requester_id, o.decided_at, NULL, o.ref
FROM left_over AS x
JOIN late AS l ON l.row_id = x.row_id
JOIN decisions AS o ON o.decision_id = l.decision_id AND o.ref = l.ref

UNION ALL

SELECT row_id, 'none', NULL, NULL, NULL, NULL, NULL
FROM left_over
WHERE is_told

UNION ALL

SELECT row_id, 'unmatched', NULL, NULL, NULL, NULL, NULL
FROM left_over
WHERE NOT is_told AND NOT is_late AND is_recorded

UNION ALL

SELECT row_id, 'untold', NULL, NULL, NULL, NULL, NULL
FROM left_over
WHERE NOT is_told AND NOT is_late AND is_recorded IS NOT TRUE
