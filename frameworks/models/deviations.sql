-- One successful use that nothing approves.
-- step
WITH tools_used AS (
  SELECT
    agent_id,
    purpose,
    session_id,
    tool,
    'tool' AS kind,
    tool AS name,
    min(occurred_at) AS first_at,
    arg_min(file, (part, record)) AS file,
    arg_min(record, (part, record)) AS record
  FROM scoped_events
  WHERE outcome = 'success'
  GROUP BY agent_id, purpose, session_id, tool
),

places AS (
  SELECT
    agent_id,
    purpose,
    session_id,
    tool,
    unnest(string_split(destination, '; ')) AS name,
    occurred_at,
    file,
    part,
    record
  FROM scoped_events
  WHERE outcome = 'success' AND destination IS NOT NULL
),

uses AS (
  SELECT *
  FROM tools_used

  UNION

  SELECT
    agent_id,
    purpose,
    session_id,
    tool,
    'destination',
    name,
    min(occurred_at),
    arg_min(file, (part, record)),
    arg_min(record, (part, record))
  FROM places
  GROUP BY agent_id, purpose, session_id, tool, name
)

SELECT
  u.agent_id,
  u.purpose,
  u.session_id,
  u.kind,
  u.name,
  u.tool,
  -- Whoever asks a new web address has told its owner something: what is fetched may carry data out in its name.
  t.changes OR (u.kind = 'destination' AND is_web_address(u.name)) AS changes,
  CASE WHEN NOT t.changes AND u.kind = 'destination' AND is_web_address(u.name) THEN 'address' ELSE t.basis END AS basis,
  u.first_at,
  ref_to(u.file, u.record) AS ref
FROM uses AS u
JOIN tool_effects AS t ON t.agent_id = u.agent_id AND t.tool = u.tool
WHERE NOT EXISTS (
  SELECT 1 FROM approved_scope AS s
  WHERE s.kind = u.kind AND (s.agent_id IS NULL OR s.agent_id = u.agent_id) AND (s.purpose IS NULL OR s.purpose = u.purpose)
    AND NOT (s.reads_only AND t.changes)
    AND place_of(u.name) LIKE s.pattern ESCAPE '!'
    AND (
      u.first_at IS NULL
      OR ((s.approved_at IS NULL OR s.approved_at <= u.first_at) AND (s.expires_at IS NULL OR s.expires_at > u.first_at))
    )
)
