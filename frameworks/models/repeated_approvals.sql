-- One record of a decision that another record holds too. Both have the same approver on the same agent within five minutes: by
-- the same id, or in another system on the same thing or by its ticket. The record of a log is kept, else the first.
-- row_id int: Row of approvals that is not counted.
-- kept_row_id int: The row that is.
-- is_same_thing flag: Both name the same thing, or this one only a ticket; else this one adds a thing to the decision.
-- requester_id text: Who asked, by this record.
-- requested_at time: When, by this record.
-- ref text: file#record of the row that is not counted.
WITH records AS (
  SELECT
    ref_to(file, record) AS ref,
    min(source) AS source,
    bool_or(source IN (SELECT source FROM carried WHERE tbl = 'events')) AS is_log
  FROM in_approvals
  GROUP BY file, record
),

told AS (
  SELECT
    a.*,
    lower(trim(a.approver_id)) AS approver,
    r.source AS system,
    regexp_full_match(a.scope, '[A-Z]{2,}-?[0-9]+|[^/ ]+/.+[#!][0-9]+@.*') IS TRUE AS is_ticket,
    r.is_log
  FROM approvals AS a
  JOIN records AS r ON r.ref = a.ref
  WHERE a.approver_id IS NOT NULL
)

SELECT
  CAST(o.row_id AS BIGINT) AS row_id,
  CAST(arg_min(k.row_id, (NOT k.is_log, k.is_ticket, k.row_id)) AS BIGINT) AS kept_row_id,
  any_value(o.is_ticket) OR bool_or(k.scope IS NOT DISTINCT FROM o.scope AND k.type = o.type) AS is_same_thing,
  any_value(o.requester_id) AS requester_id,
  any_value(o.requested_at) AS requested_at,
  any_value(o.ref) AS ref
FROM told AS o
JOIN told AS k
  ON k.actor_id = o.actor_id AND k.approver = o.approver
  AND coalesce(k.decision, 'approved') = coalesce(o.decision, 'approved')
  AND (NOT k.is_log, k.is_ticket, k.row_id) < (NOT o.is_log, o.is_ticket, o.row_id)
WHERE (o.granted_at BETWEEN k.granted_at - INTERVAL 5 MINUTE AND k.granted_at + INTERVAL 5 MINUTE) IS NOT FALSE
  AND (
    k.approval_id = o.approval_id
    OR (
      k.system <> o.system AND o.granted_at IS NOT NULL AND k.granted_at IS NOT NULL
      AND (k.is_ticket <> o.is_ticket OR (k.scope = o.scope AND k.type = o.type))
    )
  )
GROUP BY o.row_id
