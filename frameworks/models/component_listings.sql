-- One component of an agent that tells an exact package, address or hash, and what registries and verified signatures say of that. standing: approved; refused, where
-- its entry is not approved; other_version, where only another version is; missing, where a list has such entries and not this one; untold.
-- component_id text: As in components.
-- actor_id text: Agent.
-- ref text: file#record of the component.
-- standing text: approved / refused / other_version / missing / untold.
-- listed_in text: List in which it stands.
-- state text: What that list says of it, where it is not approved.
-- approved_version text: Version that is approved, where another one is in use.
-- hash text: Content hash of that version on record.
-- signer text: Who signed the very content that is in use.
WITH used AS (
  SELECT component_id, actor_id, ref, lower(rtrim(locator, '/')) AS locator, version, hash, regexp_extract(lower(locator), '^[a-z]+:') AS kind
  FROM components
  WHERE locator IS NOT NULL OR hash IS NOT NULL
),

entries AS (
  SELECT
    lower(rtrim(locator, '/')) AS locator,
    regexp_extract(lower(locator), '^[a-z]+:') AS kind,
    version,
    hash,
    registry,
    state
  FROM artifacts
  WHERE locator IS NOT NULL
),

compared AS (
  SELECT
    u.component_id,
    u.actor_id,
    u.ref,
    u.kind,
    u.hash AS used_hash,
    e.registry,
    e.state,
    e.version,
    coalesce(e.version IS NULL OR is_version(u.version, e.version), FALSE) AS is_same_version,
    e.hash
  FROM used AS u
  LEFT JOIN entries AS e ON e.locator = u.locator
)

SELECT
  c.component_id,
  c.actor_id,
  c.ref,
  CASE
    WHEN bool_or(c.is_same_version AND c.registry IS NOT NULL AND c.state = 'approved') THEN 'approved'
    WHEN bool_or(c.is_same_version AND c.registry IS NOT NULL AND c.state <> 'approved') THEN 'refused'
    WHEN bool_or(NOT c.is_same_version AND c.registry IS NOT NULL AND c.state = 'approved') THEN 'other_version'
    WHEN bool_or(c.registry IS NOT NULL) THEN 'refused'
    WHEN c.kind IN (SELECT e.kind FROM entries AS e WHERE e.registry IS NOT NULL AND e.state = 'approved') THEN 'missing'
    ELSE 'untold'
  END AS standing,
  min(c.registry) FILTER (c.state = 'approved' AND c.is_same_version) AS listed_in,
  min(c.state) FILTER (c.registry IS NOT NULL AND c.state <> 'approved') AS state,
  min(c.version) FILTER (c.registry IS NOT NULL AND c.state = 'approved' AND NOT c.is_same_version) AS approved_version,
  min(c.hash) FILTER (c.is_same_version AND c.version IS NOT NULL) AS hash,
  min((SELECT min(x.signer) FROM artifacts AS x WHERE plain_version(x.hash) = plain_version(c.used_hash))) AS signer
FROM compared AS c
GROUP BY c.component_id, c.actor_id, c.ref, c.kind
