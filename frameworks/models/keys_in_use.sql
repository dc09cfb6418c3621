-- One credential that was used in the period and concerns an agent: who holds it; the first person or account that
-- comes through it as an OAuth client; how many of its events name no user, and an identity of no list among these.
-- part
SELECT
  k.credential_id,
  MAX(k.held_by) AS held_by,
  MIN(k.stranger) AS stranger,
  MIN(CASE WHEN k.by_client THEN k.user_id END) AS client_user,
  ARG_MIN(k.user_kind, CASE WHEN k.by_client THEN k.user_id END) AS client_kind,
  MIN(CASE WHEN k.by_client THEN k.first_ref END) AS client_ref,
  SUM(CASE WHEN k.user_id IS NULL THEN k.n_events END) AS n_unnamed
FROM key_uses AS k
WHERE k.in_window
GROUP BY k.credential_id
