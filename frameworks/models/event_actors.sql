-- One combination of actor, principal and credential of events, and the actor it belongs to by exact id, in that order.
-- step
WITH keys AS (
  SELECT k.who, coalesce(m.name, k.actor_id) AS actor_id, coalesce(n.name, k.principal_id) AS principal_id, k.credential_id, k.actor_kind, k.logged
  FROM event_keys AS k
  LEFT JOIN mail_names AS m ON m.mail = lower(k.actor_id)
  LEFT JOIN mail_names AS n ON n.mail = lower(k.principal_id)
),

found AS (
  SELECT
    k.who,
    k.actor_id,
    k.principal_id,
    k.credential_id,
    k.actor_kind,
    k.logged,
    -- By id, principal, credential; last an identity that several agents declare, where the log names no more.
    coalesce(i.stands_for, p.stands_for, c.stands_for, own.actor_id) AS found_id,
    i.stands_for AS by_id,
    p.stands_for AS by_principal,
    c.stands_for AS by_credential,
    coalesce(p.is_gate, FALSE) AS principal_is_intermediary,
    coalesce(c.is_gate, p.is_gate, FALSE) AS credential_is_intermediary,
    p.is_gate AS through_principal,
    c.is_gate AS through_credential,
    p.kind AS principal_kind,
    c.kind AS credential_kind
  FROM keys AS k
  LEFT JOIN identifiers AS i ON i.how = 'id' AND i.name = k.actor_id
  LEFT JOIN identifiers AS p ON p.how = 'principal' AND p.name = k.principal_id
  LEFT JOIN identifiers AS c ON c.how = 'credential' AND c.name = k.credential_id
  LEFT JOIN actors AS own ON own.actor_id = k.principal_id AND k.actor_id IS NULL
)

SELECT
  f.who,
  f.actor_id,
  -- A principal that is another name of the identity its record declares is written as the record has it.
  CASE WHEN x.actor_id IS NOT NULL THEN coalesce(a.principal_id, f.principal_id) ELSE f.principal_id END AS principal_id,
  f.credential_id,
  f.actor_kind,
  f.logged,
  coalesce(f.found_id, f.actor_id, f.principal_id, f.credential_id) AS agent_id,
  -- Who holds a key or is what an alias stands for, and is in no list, is in no register.
  a.actor_id IS NOT NULL AS registered,
  (coalesce(f.by_id <> f.by_principal, FALSE) AND NOT f.through_principal)
  OR (coalesce(f.by_id <> f.by_credential, FALSE) AND NOT f.through_credential)
  OR (coalesce(f.by_principal <> f.by_credential, FALSE) AND NOT f.through_principal AND NOT f.through_credential)
    AS conflict,
  -- A person's identity, such as a mail address, comes with ids of many systems: that is no stranger.
  CASE
    WHEN f.by_id IS NULL AND f.found_id IS NOT NULL AND a.kind <> 'human'
      AND f.actor_id <> coalesce(f.principal_id, '') AND f.actor_id <> coalesce(f.credential_id, '') THEN f.actor_id
  END AS stranger,
  f.principal_is_intermediary,
  f.credential_is_intermediary,
  coalesce(a.kind, f.actor_kind, f.principal_kind, f.credential_kind) AS agent_kind,
  a.registered_at,
  CASE
    WHEN f.by_id IS NOT NULL THEN 'id'
    WHEN f.by_principal IS NOT NULL THEN 'principal'
    WHEN f.by_credential IS NOT NULL THEN 'credential'
    WHEN f.found_id IS NOT NULL THEN 'principal'
    ELSE 'none'
  END AS resolved_by
FROM found AS f
LEFT JOIN actors AS a ON a.actor_id = f.found_id
LEFT JOIN same_as AS x ON x.alias = f.principal_id AND x.actor_id = a.actor_id AND x.is_identity
