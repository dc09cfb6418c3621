-- One user of a credential of an agent in the period. Its holder comes first (nth), then agents; of those beside the first, one
-- that is no agent (beside). Who comes through an OAuth client is left out: a person signs in through it by right, and its id does
-- not tell whether with its secret.
-- part
WITH ranked AS (
  SELECT
    k.credential_id,
    k.user_id,
    COALESCE(k.user_kind, 'agent') = 'agent' AS is_agent,
    CASE WHEN k.listed THEN NULLIF(k.user_kind, 'agent') END AS kind,
    CASE WHEN NOT k.listed THEN NULLIF(k.user_kind, 'agent') END AS told_kind,
    k.held_by IS NOT NULL AND NOT k.is_holder AS is_foreign,
    k.listed OR k.user_kind = 'human' AS is_certain,
    k.n_events,
    k.first_at,
    k.first_ref,
    ROW_NUMBER() OVER (
      PARTITION BY k.credential_id
      ORDER BY k.is_holder DESC, COALESCE(k.user_kind, 'agent') = 'agent' DESC, k.first_at, k.user_id
    ) AS nth,
    COUNT(*) OVER (PARTITION BY k.credential_id) AS n_users
  FROM key_uses AS k
  WHERE k.in_window AND k.user_id IS NOT NULL AND NOT k.by_client
)

SELECT
  r.credential_id,
  r.user_id,
  r.kind,
  r.told_kind,
  r.is_foreign,
  r.is_certain,
  r.n_events,
  r.first_at,
  r.first_ref,
  r.n_users,
  r.nth,
  CASE
    WHEN r.nth > 1
      THEN ROW_NUMBER() OVER (
        PARTITION BY r.credential_id, r.nth > 1
        ORDER BY r.is_agent, moment(r.first_at, r.user_id)
      )
  END AS beside
FROM ranked AS r
