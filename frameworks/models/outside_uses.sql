-- One use in the period outside what is granted to the agent, the gravest by the lowest rank; from rank 6 on, one that
-- perhaps lies outside. Within a rank the latest use has the highest `latest`.
-- part
SELECT
  t.agent_id,
  CASE WHEN k.actor_id IS NULL THEN 8 WHEN t.may_have_been THEN 18 ELSE 1 END AS rank,
  CASE
    WHEN k.actor_id IS NULL THEN 'no_tool_listed'
    WHEN t.may_have_been THEN 'tool_perhaps'
    WHEN t.ended_at IS NOT NULL THEN 'tool_ended'
    WHEN t.granted_for IS NOT NULL THEN 'tool_purpose'
    ELSE 'tool_ungranted'
  END AS fault,
  t.tool AS name,
  t.granted_for AS granted,
  t.purpose AS used,
  t.ended_at,
  t.n_events,
  t.last_at,
  moment(t.last_at, t.tool) AS latest,
  t.ref
FROM ungranted_tools AS t
LEFT JOIN listed_kinds AS k ON k.actor_id = t.agent_id AND k.type = 'tool'

UNION ALL

SELECT
  e.agent_id, 19, 'tool_early', e.tool, NULL, e.purpose, e.granted_at, 1, e.first_at, moment(e.first_at, e.tool), e.ref
FROM early_uses AS e

UNION ALL

SELECT
  u.agent_id, 2, 'action_' || u.standing, u.granted, NULL, NULL, NULL,
  u.n_events, u.last_at, moment(u.last_at, u.granted), u.last_ref
FROM right_uses AS u
WHERE u.person_id IS NULL AND u.in_window AND NOT u.covered

UNION ALL

SELECT
  u.agent_id,
  CASE u.standing WHEN 'incomparable' THEN 7 WHEN 'elsewhere' THEN 12 WHEN 'conditional' THEN 13 WHEN 'partly' THEN 14 WHEN 'unmapped' THEN 15 WHEN 'unlisted' THEN 16 ELSE 17 END,
  CASE u.standing WHEN 'incomparable' THEN 'incomparable' ELSE 'action_' || u.standing END,
  CASE u.standing WHEN 'incomparable' THEN u.log_source ELSE u.granted END,
  NULL, NULL, NULL,
  u.n_events, u.last_at, moment(u.last_at, u.last_ref), u.last_ref
FROM right_uses AS u
WHERE u.person_id IS NULL AND u.in_window AND u.covered IS NULL

UNION ALL

SELECT
  d.agent_id,
  CASE WHEN k.actor_id IS NULL THEN 9 WHEN d.is_outside THEN 3 ELSE 11 END,
  CASE
    WHEN k.actor_id IS NULL THEN 'no_data_listed'
    WHEN NOT d.is_outside THEN 'data_unclear'
    WHEN d.data_source IS NULL THEN 'data_ungranted'
    ELSE 'data_ended'
  END,
  d.data_source, NULL, NULL, NULL,
  d.n_events, d.last_at, moment(d.last_at, d.ref), CASE WHEN d.is_outside THEN d.ref END
FROM ungranted_data AS d
LEFT JOIN listed_kinds AS k ON k.actor_id = d.agent_id AND k.type = 'data'
WHERE d.is_outside OR k.actor_id IS NOT NULL

UNION ALL

SELECT
  p.agent_id, 4, 'place', p.environment, NULL, NULL, NULL,
  p.n_events, p.last_at, moment(p.last_at, p.environment), p.ref
FROM unlisted_environments AS p

UNION ALL

SELECT
  v.agent_id,
  CASE WHEN v.certain THEN 5 ELSE 6 END,
  CASE WHEN NOT v.certain THEN 'executed' WHEN v.kind = 'tool' THEN 'tool_effect' ELSE 'data_effect' END,
  v.name, v.granted, v.effect, NULL, v.n_events, v.last_at,
  moment(v.last_at, CASE WHEN v.certain THEN v.kind || v.name || v.effect ELSE v.last_ref END), v.last_ref
FROM graver_uses AS v
WHERE v.in_window

UNION ALL

SELECT x.agent_id, 10, 'nameless', NULL, NULL, NULL, NULL, SUM(x.n_events), MAX(x.last_at), '', NULL
FROM activity AS x
WHERE x.in_window AND x.registered AND x.outcome = 'success' AND x.tool IS NULL
  AND (x.event_class IS NULL OR x.event_class = 'tool')
GROUP BY x.agent_id
