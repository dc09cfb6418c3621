-- One use of an identity in the period under a name that the log gives, denied or not. Gateways are left out, and so is
-- a person with the key of an agent under a name of their own: what they borrow is assessed, not their name.
-- part
SELECT
  x.principal_id,
  x.agent_kind,
  x.actor_id,
  CASE WHEN x.resolved_by = 'id' THEN x.agent_id ELSE x.actor_id END AS named_id,
  CASE
    WHEN x.outcome <> 'denied' AND (x.actor_kind = 'human' OR (x.agent_kind = 'human' AND x.resolved_by = 'id'))
      THEN moment(x.first_at, x.first_ref)
  END AS person_at,
  x.outcome,
  x.n_events,
  x.first_at,
  x.first_ref
FROM activity AS x
WHERE x.in_window
  AND x.principal_id IS NOT NULL
  AND NOT x.principal_is_intermediary
  AND (x.resolved_by <> 'credential' OR COALESCE(x.actor_kind, '') <> 'human')
