-- One change of an agent in the period, and what is wrong with its record and its approval; or a model or prompt of an
-- active agent whose version is not recorded.
-- part
SELECT
  c.actor_id,
  c.change_id AS name,
  LOWER(c.field) AS field,
  c.effective_at,
  level_of(TRIM(c.old_value)) AS old_level,
  level_of(TRIM(c.new_value)) AS new_level,
  c.approved_by,
  c.approved_at,
  a.risk_signed_off_by AS risk_owner,
  CASE
    WHEN c.old_value IS NULL OR c.new_value IS NULL THEN 'no_values'
    WHEN c.approved_by IS NULL THEN 'no_approver'
    WHEN c.approved_at IS NULL THEN 'no_date'
    WHEN c.approved_at > c.effective_at THEN 'late'
    WHEN p.kind IN ('agent', 'service_account', 'workload') THEN 'by_machine'
  END AS fault,
  moment(c.effective_at, c.change_id) AS place,
  c.ref
FROM changes AS c
CROSS JOIN run AS r
JOIN agents AS a ON a.actor_id = c.actor_id
LEFT JOIN actors AS p ON p.actor_id = c.approved_by
WHERE c.effective_at >= r.period_from AND c.effective_at < r.period_to

UNION ALL

SELECT
  u.actor_id,
  u.name,
  NULL,
  NULL,
  NULL,
  NULL,
  NULL,
  NULL,
  NULL,
  u.fault,
  CASE u.fault WHEN 'model_unversioned' THEN '1' || u.id ELSE '0' END,
  u.ref
FROM unversioned AS u
