-- One change that was merged when somebody overrode the protection of its branch: its reviews prove nothing.
-- step
SELECT DISTINCT c.row_id
FROM changes AS c
JOIN exceptions AS x ON x.actor_id = c.actor_id
WHERE x.item = 'branch protection'
  AND c.effective_at BETWEEN x.starts_at - INTERVAL 1 MINUTE AND x.ends_at + INTERVAL 1 MINUTE
