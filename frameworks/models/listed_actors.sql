-- One actor that a list names: how the register and the directory have it, how many secrets a store keeps for it, and
-- how many credentials the register gives it: a directory lists its own keys, never those of a store.
-- part
SELECT
  l.actor_id,
  COUNT(CASE WHEN l.kind = 'identity' THEN 1 END) AS n_identity,
  MAX(CASE WHEN l.kind = 'identity' AND l.actor_kind = 'agent' THEN 1 ELSE 0 END) AS is_agent,
  COUNT(CASE WHEN l.kind = 'identity' AND l.listed_in = 'register' THEN 1 END) AS n_register,
  COUNT(CASE WHEN l.kind = 'identity' AND l.listed_in = 'directory' THEN 1 END) AS n_directory,
  COUNT(CASE WHEN l.kind = 'credential' AND l.listed_in = 'secret_store' THEN 1 END) AS n_secrets,
  COUNT(CASE WHEN l.kind = 'credential' AND l.listed_in = 'register' THEN 1 END) AS n_keys,
  MIN(CASE WHEN l.kind = 'identity' AND l.listed_in = 'register' THEN l.state END) AS state,
  MIN(CASE WHEN l.kind = 'identity' AND l.listed_in = 'directory' THEN l.state END) AS other_state,
  MAX(CASE WHEN l.kind = 'identity' AND l.listed_in = 'directory' AND l.state = 'active' THEN 1 ELSE 0 END)
    AS other_active,
  MIN(CASE WHEN l.kind = 'identity' AND l.listed_in = 'register' THEN TRIM(l.owner_id) END) AS owner_id,
  MIN(CASE WHEN l.kind = 'identity' AND l.listed_in = 'directory' THEN TRIM(l.owner_id) END) AS other_owner_id,
  MIN(CASE WHEN l.kind = 'identity' AND l.listed_in = 'register' THEN l.ref END) AS ref,
  MIN(CASE WHEN l.kind = 'identity' AND l.listed_in = 'directory' THEN l.ref END) AS other_ref
FROM listings AS l
GROUP BY l.actor_id
