-- One combination of actor, principal and credential that events name; FALSE as logged: only approved runs do. Blanks
-- around an id are no part of it, as in lists.
-- step
WITH logged AS MATERIALIZED (
  SELECT DISTINCT e.who, e.actor_id, e.principal_id, e.credential_id, e.actor_kind
  FROM in_events AS e
  WHERE e.occurred_at <= as_of() OR e.occurred_at IS NULL
)

SELECT
  who,
  nullif(trim(actor_id), '') AS actor_id,
  nullif(trim(principal_id), '') AS principal_id,
  nullif(trim(credential_id), '') AS credential_id,
  actor_kind,
  TRUE AS logged
FROM logged

UNION ALL

SELECT DISTINCT who, nullif(trim(actor_id), ''), nullif(trim(principal_id), ''), nullif(trim(credential_id), ''), actor_kind, FALSE
FROM in_baseline
WHERE who NOT IN (SELECT who FROM logged)
