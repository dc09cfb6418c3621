-- One thing that is approved for a purpose or for all: by a run, or by a grant or approval of the agent.
-- step
WITH used AS (
  SELECT a.agent_id, a.purpose, a.tool, a.destination, t.changes
  FROM approved_runs AS a
  JOIN tool_effects AS t ON t.agent_id IS NOT DISTINCT FROM a.agent_id AND t.tool = a.tool
  WHERE a.outcome = 'success' AND is_act(a.event_class)
),

shown AS (
  SELECT agent_id, purpose, 'tool' AS kind, tool AS name, changes
  FROM used

  UNION ALL

  SELECT agent_id, purpose, 'destination', unnest(string_split(destination, '; ')), changes
  FROM used
)

-- A purpose has one scope, whichever agent runs it. To have read somewhere in an approved run does not approve writing there,
-- and what was done before somebody approved the run is not approved by it.
SELECT
  CASE WHEN s.purpose IS NULL THEN s.agent_id END AS agent_id,
  s.purpose,
  s.kind,
  literal(place_of(s.name)) AS pattern,
  NOT s.changes AS reads_only,
  b.approved_at,
  CAST(NULL AS TIMESTAMP) AS expires_at
FROM shown AS s
CROSS JOIN baseline AS b
WHERE s.name IS NOT NULL

UNION

SELECT actor_id, purpose, type, place_of(like_pattern), FALSE, approved_at, expires_at
FROM grants
WHERE type IN ('tool', 'destination')

UNION

SELECT actor_id, purpose, type, place_of(like_pattern), FALSE, approved_at, expires_at
FROM all_approvals
WHERE type IN ('tool', 'destination') AND like_pattern IS NOT NULL
