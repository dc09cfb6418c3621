-- One line of a list that names somebody or something, before lists are merged.
-- kind text: identity | credential.
-- listed_in text: register | directory | secret_store.
-- id text: Actor or credential.
-- actor_id text: Actor it belongs to.
-- actor_kind text: What the list says it is; identities only.
-- owner_id text: Owner, as the list has it; identities only.
-- state text: State, as the list has it; identities only.
-- ref text: file#record.
-- view
SELECT
  'identity' AS kind,
  coalesce(listed_in, 'register') AS listed_in,
  actor_id AS id,
  actor_id,
  kind AS actor_kind,
  owner_id,
  state,
  ref_to(file, record) AS ref
FROM actor_rows

UNION ALL

SELECT 'credential', coalesce(listed_in, 'register'), credential_id, actor_id, NULL, NULL, NULL, ref
FROM credentials
