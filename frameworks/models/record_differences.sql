-- One way in which what an agent did in the period, or its credential, differs from its identity record or permissions.
-- part
SELECT
  x.agent_id,
  2 AS place,
  'other_principal' AS code,
  x.principal_id AS name,
  NULL AS found,
  x.recorded_principal AS recorded,
  ARG_MIN(x.first_ref, moment(x.first_at, x.first_ref)) AS ref
FROM acting_identities AS x
WHERE x.standing = 'foreign'
GROUP BY x.agent_id, x.principal_id, x.recorded_principal

UNION ALL

SELECT
  x.agent_id, 4, 'other_environment', NULL, x.environment, x.recorded_environment,
  ARG_MIN(x.first_ref, moment(x.first_at, x.first_ref))
FROM acting_identities AS x
WHERE x.environment <> x.recorded_environment
GROUP BY x.agent_id, x.environment, x.recorded_environment

UNION ALL

SELECT c.actor_id, 5, 'credential_elsewhere', c.credential_id, c.environment, a.environment, MIN(c.ref)
FROM credentials AS c
JOIN agents AS a ON a.actor_id = c.actor_id
CROSS JOIN run AS r
WHERE c.environment <> a.environment AND (c.ended_at IS NULL OR c.ended_at > r.as_of)
GROUP BY c.actor_id, c.credential_id, c.environment, a.environment

UNION ALL

SELECT
  x.agent_id, 6, 'tool_not_granted', x.tool, NULL, NULL, ARG_MIN(x.first_ref, moment(x.first_at, x.first_ref))
FROM activity AS x
LEFT JOIN grants AS g ON g.actor_id = x.agent_id AND g.type = 'tool' AND covers_tool(x.tool, g.like_pattern, g.excluded)
-- What was taken away was on record, as what ended is.
LEFT JOIN past_rights AS p ON p.actor_id = x.agent_id AND p.type = 'tool' AND x.tool LIKE p.like_pattern ESCAPE '!'
WHERE x.in_window AND x.outcome = 'success' AND x.tool IS NOT NULL AND g.actor_id IS NULL AND p.actor_id IS NULL
  AND x.agent_id IN (SELECT t.actor_id FROM grants AS t WHERE t.type = 'tool')
GROUP BY x.agent_id, x.tool

UNION ALL

SELECT u.agent_id, 7, 'data_not_granted', NULL, NULL, NULL, ARG_MIN(u.first_ref, moment(u.first_at, u.first_ref))
FROM data_use AS u
LEFT JOIN (SELECT DISTINCT p.actor_id FROM past_rights AS p WHERE p.type = 'data') AS p ON p.actor_id = u.agent_id
WHERE p.actor_id IS NULL AND u.in_window AND u.outcome = 'success' AND u.event_class = 'data' AND u.data_source IS NULL
  AND u.agent_id IN (SELECT d.actor_id FROM grants AS d WHERE d.type = 'data')
GROUP BY u.agent_id

UNION ALL

SELECT
  w.agent_id, 8, w.kind || '_beyond_effect', w.name, w.effect, w.granted,
  ARG_MAX(w.last_ref, moment(w.last_at, w.last_ref))
FROM graver_uses AS w
WHERE w.in_window AND w.certain
GROUP BY w.agent_id, w.kind, w.name, w.granted, w.effect
