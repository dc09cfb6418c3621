-- One guise in which an agent acted with success in the period (principal, credential, environment), and what its identity
-- record says of it. Its principal is declared, foreign, or none of its own.
-- part
WITH seen AS (
  SELECT
    x.agent_id,
    x.principal_id,
    x.credential_id,
    x.principal_is_intermediary,
    x.credential_is_intermediary,
    x.environment,
    MIN(x.first_at) AS first_at,
    MAX(x.last_at) AS last_at,
    ARG_MIN(x.first_ref, moment(x.first_at, x.first_ref)) AS first_ref,
    ARG_MAX(x.last_ref, moment(x.last_at, x.last_ref)) AS last_ref
  FROM activity AS x
  WHERE x.in_window AND x.outcome = 'success'
  GROUP BY x.agent_id, x.principal_id, x.credential_id, x.principal_is_intermediary, x.credential_is_intermediary,
    x.environment
)

SELECT
  x.agent_id,
  x.principal_id,
  CASE
    WHEN x.principal_is_intermediary OR x.principal_id IS NULL THEN 'none'
    WHEN is_same(x.principal_id, a.principal_id) OR is_same(x.principal_id, a.actor_id) THEN 'declared'
    WHEN EXISTS (
      SELECT 1
      FROM aliases AS n
      WHERE is_same(n.alias, x.principal_id) AND n.actor_id IN (a.actor_id, a.principal_id)
    ) THEN 'declared'
    -- The role of a service account that an application of the agent trusts: an alias of an alias.
    WHEN EXISTS (
      SELECT 1
      FROM aliases AS n
      JOIN aliases AS m ON m.alias = n.actor_id
      WHERE is_same(n.alias, x.principal_id) AND m.actor_id IN (a.actor_id, a.principal_id)
    ) THEN 'declared'
    ELSE 'foreign'
  END AS standing,
  x.credential_id,
  x.credential_is_intermediary,
  x.environment,
  x.first_at,
  x.last_at,
  x.first_ref,
  x.last_ref,
  a.principal_id AS recorded_principal,
  a.environment AS recorded_environment,
  a.state,
  a.state_since
FROM seen AS x
JOIN agents AS a ON a.actor_id = x.agent_id
WHERE a.state IS NULL OR a.state NOT IN ('retired', 'rejected')
