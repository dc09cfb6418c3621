-- One component of an agent as its own record tells it; what registries say stands apart, for a result is no better than the weakest.
-- component_id text: As in components.
-- actor_id text: Agent.
-- type text: As in components.
-- name text: Short name.
-- version text: Version in use.
-- pinned flag: Version cannot float.
-- transport text: As in components.
-- authenticated flag: Callers are authenticated.
-- encrypted flag: Transport is encrypted.
-- own_list text: Approved list, as it tells.
-- own_hash text: Content hash, as it tells.
-- tells_list flag: Its source tells lists.
-- tells_hash flag: Its source tells hashes.
-- ref text: file#record of its record.
-- as in components
WITH told AS (
  SELECT DISTINCT
    ref_to(file, record) AS ref,
    source IN (SELECT source FROM carried WHERE tbl = 'components' AND col = 'registry') AS tells_list,
    source IN (SELECT source FROM carried WHERE tbl = 'components' AND col = 'hash') AS tells_hash
  FROM in_components
)

SELECT
  c.component_id,
  c.actor_id,
  c.type,
  c.name,
  c.version,
  c.pinned,
  c.transport,
  c.authenticated,
  c.encrypted,
  c.registry AS own_list,
  c.hash AS own_hash,
  o.tells_list,
  o.tells_hash,
  c.ref
FROM components AS c
JOIN told AS o ON o.ref = c.ref
