-- One action in a system that names no tool, beside entitlements: those of the identity under which the agent did it, or of the
-- person for whom.
-- agent_id text: Agent.
-- person_id text: For whom the agent did it, where that person's rights are compared; empty: the agent's own are.
-- log_source text: Log.
-- action text: Action, as the log names it.
-- granted text: The same as entitlements name it, such as iam:createaccesskey; several with + where it needs them all.
-- covered flag: An entitlement covers it; FALSE: none does; empty: that is unclear.
-- standing text: granted | ungranted | unexplained: a policy of the resource, which no list has, may allow it | unshown: likewise, where such a policy alone is enough | unassigned: a token carried it, and no assignment gives it | denied | conditional | elsewhere: on other resources than the log names | partly: some of several rights | unmapped: which action it needs is not known | unlisted: no rule covers it, but there may be others | incomparable: log and entitlements name no such actions.
-- in_window flag: Inside the period under review.
-- n_events int: Events, successful ones.
-- first_at time: First of them.
-- last_at time: Last of them.
-- last_ref text: file#record of the last.
-- of events
WITH standings AS (
  SELECT use_id, actions, standing FROM aws_standings
  UNION ALL
  SELECT use_id, NULL, standing FROM kubernetes_standings
  UNION ALL
  SELECT use_id, NULL, standing FROM azure_standings
  UNION ALL
  SELECT use_id, NULL, standing FROM google_standings
  UNION ALL
  SELECT use_id, actions, standing FROM graph_standings
),

judged AS (
  SELECT a.*, s.actions, coalesce(s.standing, 'incomparable') AS standing
  FROM system_acts AS a
  LEFT JOIN standings AS s ON s.use_id = a.use_id
)

SELECT
  agent_id,
  person_id,
  log_source,
  action,
  coalesce(
    nullif(array_to_string(actions, '+'), ''),
    CASE WHEN standing <> 'incomparable' THEN coalesce(regexp_replace(rights, '@[^ ]*', '', 'g'), action || ' ' || thing) END,
    lower(replace(action, '.amazonaws.com:', ':'))
  ) AS granted,
  CASE
    WHEN standing = 'granted' THEN TRUE
    WHEN standing IN ('ungranted', 'unexplained', 'unassigned', 'denied') THEN FALSE
  END AS covered,
  standing,
  in_window,
  CAST(sum(n_events) AS BIGINT) AS n_events,
  min(first_at) AS first_at,
  max(last_at) AS last_at,
  arg_max(last_ref, (last_at, last_ref)) AS last_ref
FROM judged
-- Of what is no administration, a log whose names no entitlement has says nothing.
WHERE is_admin OR (standing <> 'incomparable' AND (standing <> 'unmapped' OR person_id IS NOT NULL))
GROUP BY ALL
