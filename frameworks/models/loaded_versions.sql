-- One version of a tool or model that a registered agent ran with success, beside what is on record for that agent.
-- fit: same; named (the log tells the model, not its version); other; hash (just one of the two is a hash); none on record.
-- part
WITH seen AS (
  SELECT
    v.agent_id,
    v.kind,
    v.name,
    v.version,
    MIN(v.first_at) AS ever_at,
    MIN(CASE WHEN v.in_window THEN v.first_at END) AS first_at,
    MAX(CASE WHEN v.in_window THEN v.last_at END) AS last_at,
    ARG_MIN(v.first_ref, CASE WHEN v.in_window THEN moment(v.first_at, v.first_ref) END) AS ref
  FROM versions AS v
  WHERE v.registered
  GROUP BY v.agent_id, v.kind, v.name, v.version
),

compared AS (
  SELECT
    s.agent_id,
    s.kind,
    s.name,
    s.version,
    k.version AS known_version,
    k.approved_at,
    CASE
      WHEN s.kind = 'tool' AND is_version(s.version, k.version) THEN 4
      WHEN is_hash(s.version) <> is_hash(k.version) THEN 1
      WHEN s.kind = 'tool' THEN 2
      WHEN is_model(s.version, k.component_id, COALESCE(k.name, k.component_id), k.version) THEN 4
      WHEN is_bare_model(s.version, COALESCE(k.name, k.component_id)) THEN 3
      ELSE 2
    END AS fit
  FROM seen AS s
  JOIN known_versions AS k
    ON k.actor_id = s.agent_id AND (s.kind = 'model') = (k.type = 'model')
    AND (s.kind = 'model' OR is_tool_of(s.name, k.component_id, k.name))
),

best AS (
  SELECT
    s.agent_id,
    s.kind,
    s.name,
    s.version,
    s.ever_at,
    s.first_at,
    s.last_at,
    s.ref,
    MAX(c.fit) AS fit,
    MIN(CASE WHEN c.fit = 4 THEN c.approved_at END) AS approved_at,
    MAX(c.approved_at) AS latest_at,
    MIN(c.known_version) AS known_version
  FROM seen AS s
  LEFT JOIN compared AS c
    ON c.agent_id = s.agent_id AND c.kind = s.kind AND c.version = s.version AND c.name IS NOT DISTINCT FROM s.name
  GROUP BY s.agent_id, s.kind, s.name, s.version, s.ever_at, s.first_at, s.last_at, s.ref
)

SELECT
  agent_id,
  kind,
  name,
  version,
  CASE fit WHEN 4 THEN 'same' WHEN 3 THEN 'named' WHEN 2 THEN 'other' WHEN 1 THEN 'hash' ELSE 'none' END AS fit,
  known_version,
  approved_at,
  COALESCE(latest_at, MIN(CASE WHEN fit = 4 THEN ever_at END) OVER w) AS moved_at,
  MIN(CASE WHEN fit < 4 OR fit IS NULL THEN ever_at END) OVER w < ever_at AS is_later,
  first_at,
  last_at,
  ref
FROM best
WINDOW w AS (PARTITION BY agent_id, kind, name)
