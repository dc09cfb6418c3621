-- One identity or credential under which an agent of a list acted with success in the period: seen first or, where its record
-- declares the credential, last. What is a gateway's is left out; one row without a name stands for events that name nothing else.
-- part
WITH uses AS (
  SELECT
    x.agent_id,
    CASE WHEN NOT x.principal_is_intermediary THEN x.principal_id END AS principal_id,
    CASE WHEN x.credential_is_intermediary THEN NULL ELSE x.credential_id END AS credential_id,
    SUM(x.n_events) AS n_events,
    MIN(x.first_at) AS first_at,
    MAX(x.last_at) AS last_at,
    ARG_MIN(x.first_ref, moment(x.first_at, x.first_ref)) AS first_ref,
    ARG_MAX(x.last_ref, moment(x.last_at, x.last_ref)) AS last_ref
  FROM activity AS x
  WHERE x.in_window AND x.registered AND x.agent_kind = 'agent' AND x.outcome = 'success'
  GROUP BY
    x.agent_id,
    x.principal_id,
    x.principal_is_intermediary,
    CASE WHEN x.credential_is_intermediary THEN NULL ELSE x.credential_id END
),

known AS (
  SELECT
    u.agent_id,
    u.principal_id,
    u.credential_id,
    u.n_events,
    u.first_at,
    u.first_ref,
    u.last_at,
    u.last_ref,
    q.name IS NOT NULL AS may_be_past,
    p.name IS NOT NULL AS is_own_identity,
    c.name IS NOT NULL AS is_own_credential,
    c.ended_at
  FROM uses AS u
  LEFT JOIN declared_names AS p
    ON p.actor_id = u.agent_id AND p.kind = 'identity' AND p.name = LOWER(TRIM(u.principal_id))
  LEFT JOIN declared_names AS c
    ON c.actor_id = u.agent_id AND c.kind = 'credential' AND c.name = LOWER(TRIM(u.credential_id))
  LEFT JOIN past_keys AS q ON q.agent_id = u.agent_id AND q.name = LOWER(TRIM(u.credential_id))
)

SELECT
  k.agent_id,
  'identity' AS kind,
  k.principal_id AS name,
  k.is_own_identity AS is_declared,
  k.is_own_identity AS with_own_identity,
  FALSE AS may_be_past,
  NULL AS ended_at,
  k.last_at,
  k.first_at AS seen_at,
  k.first_ref AS ref,
  0 AS n_bare
FROM known AS k
WHERE k.principal_id IS NOT NULL

UNION ALL

SELECT
  k.agent_id,
  'credential',
  k.credential_id,
  k.is_own_credential,
  k.is_own_identity,
  k.may_be_past,
  k.ended_at,
  k.last_at,
  CASE WHEN k.is_own_credential THEN k.last_at ELSE k.first_at END,
  CASE WHEN k.is_own_credential THEN k.last_ref ELSE k.first_ref END,
  0
FROM known AS k
WHERE k.credential_id IS NOT NULL

UNION ALL

SELECT k.agent_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, k.n_events
FROM known AS k
WHERE k.principal_id IS NULL AND k.credential_id IS NULL
