-- One change of an agent that names no approver, and the deployment that it belongs to: all that names one decision, or
-- what one identity changed of one agent with no hour between. decision_id: only where that decision is on record, approved
-- or not. is_told: its source tells who approved changes.
-- step
WITH known AS (
  SELECT c.actor_id, unnest([c.change_id, c.register_version]) AS id
  FROM changes AS c
  JOIN change_sources AS t ON t.ref = c.ref
  WHERE t.tells_approver

  UNION

  SELECT actor_id, approval_id
  FROM approvals

  UNION

  SELECT actor_id, scope
  FROM approvals
  WHERE type = 'action'
),

seen AS (
  SELECT
    CAST(c.row_id AS BIGINT) AS row_id,
    c.actor_id,
    kind_of_change(c.field) AS kind,
    coalesce(c.new_value, c.old_value) AS value,
    c.requested_by,
    c.effective_at,
    k.id AS decision_id,
    t.tells_approver AS is_told
  FROM changes AS c
  JOIN change_sources AS t ON t.ref = c.ref
  JOIN agents AS a ON a.actor_id = c.actor_id
  LEFT JOIN known AS k ON k.actor_id = c.actor_id AND k.id = c.decision_id AND k.id <> c.change_id
  WHERE c.approved_by IS NULL AND lower(c.field) <> 'ticket'
),

begun AS (
  SELECT
    *,
    effective_at > lag(effective_at) OVER line + INTERVAL 1 HOUR AS is_new
  FROM seen
  WINDOW line AS (PARTITION BY actor_id, requested_by, decision_id ORDER BY effective_at, row_id)
),

numbered AS (
  SELECT
    *,
    CASE
      WHEN decision_id IS NULL
        THEN count(CASE WHEN is_new THEN 1 END) OVER (PARTITION BY actor_id, requested_by, decision_id ORDER BY effective_at, row_id)
    END AS number
  FROM begun
)

SELECT
  row_id,
  actor_id,
  kind,
  value,
  requested_by,
  effective_at,
  decision_id,
  is_told,
  min(effective_at) OVER (PARTITION BY actor_id, requested_by, decision_id, number) AS begun_at,
  min(row_id) OVER (PARTITION BY actor_id, requested_by, decision_id, number) AS deployment
FROM numbered
