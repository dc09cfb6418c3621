-- One dated event with the actor it belongs to, and the effect of the register where the log tells none.
-- step
-- view
SELECT
  e.* EXCLUDE (who, effect),
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
  k.credential_is_intermediary
FROM (
  -- Made below the joins: so a check that looks at few agents has the engine make them for the events of these alone.
  SELECT
    i.* EXCLUDE (part, place, principal_id),
    is_within(i.occurred_at, period_from(), period_to()) AS in_window,
    ref_to(i.file, i.record) AS ref,
    CAST(i.part AS HUGEINT) * 18446744073709551616 + i.place AS row_id
  FROM in_events AS i
  WHERE i.occurred_at <= as_of()
) AS e
JOIN event_actors AS k ON k.who = e.who
LEFT JOIN granted_effects AS g ON g.agent_id = k.agent_id AND g.tool = e.tool
