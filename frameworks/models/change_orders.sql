-- One decision that may cover changes of an actor: a ticket, a merged pull request, an approval. name: how else a record
-- may name it: its commit, its ticket. kind: what may change by it; empty: anything. from_at: since when it may be carried
-- out; that of a standard change is the start of the work, as it was approved once for all of its kind; so is that of an
-- emergency, which is approved afterwards. refused_at: since when it is refused, or may be.
-- step
SELECT
  change_id AS decision_id,
  coalesce(register_version, change_id) AS name,
  actor_id,
  nullif(kind_of_change(field), 'ticket') AS kind,
  CAST(NULL AS VARCHAR) AS like_pattern,
  lower(ticket_type) AS ticket_type,
  requested_by AS requester_id,
  approved_by AS approver_id,
  approved_at AS decided_at,
  CASE
    WHEN lower(ticket_type) = 'emergency' THEN least(approved_at, effective_at)
    WHEN approved_by IS NULL THEN effective_at
    ELSE approved_at
  END AS from_at,
  CAST(NULL AS TIMESTAMP) AS refused_at,
  ref
FROM changes
WHERE (approved_by IS NOT NULL OR (lower(ticket_type) = 'standard' AND lower(field) = 'ticket'))
  AND row_id NOT IN (SELECT row_id FROM overridden_changes)

UNION ALL

SELECT
  approval_id,
  CASE WHEN type = 'action' THEN coalesce(scope, approval_id) ELSE approval_id END,
  actor_id,
  nullif(type, 'change'),
  CASE WHEN type <> 'change' THEN like_pattern END,
  NULL,
  requester_id,
  approver_id,
  greatest(granted_at, recorded_at),
  greatest(granted_at, recorded_at),
  (SELECT least(f.ended_at, f.doubted_at) FROM refused_approvals AS f WHERE f.row_id = approvals.row_id),
  ref
FROM approvals
WHERE decision IS DISTINCT FROM 'rejected' AND type NOT IN ('activation', 'reactivation')
  -- What may be used so often is leave to act, not to change.
  AND max_uses IS NULL
