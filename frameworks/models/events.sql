-- One dated event with the actor it belongs to, and the effect of the register where the log tells none.
-- step
-- view
SELECT
  e.* EXCLUDE (file, record, part, place, who, effect, principal_id),
  coalesce(e.effect, g.effect) AS effect,
  k.principal_id,
  k.agent_id,
  k.registered,
  k.conflict,
  k.resolved_by,
  k.agent_kind,
  k.registered_at,
  k.stranger,
  k.principal_is_intermediary,
  k.credential_is_intermediary,
  is_within(e.occurred_at, r.period_from, r.period_to) AS in_window,
  e.file || '#' || CAST(e.record AS VARCHAR) AS ref,
  CAST(e.part AS HUGEINT) * 18446744073709551616 + e.place AS row_id
FROM in_events AS e
CROSS JOIN run AS r
JOIN event_actors AS k ON k.who = e.who
LEFT JOIN granted_effects AS g ON g.agent_id = k.agent_id AND g.tool = e.tool
WHERE e.occurred_at <= r.as_of
