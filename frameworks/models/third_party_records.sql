-- One third party that holds access of an agent, with what its own record tells. Registers and rights are tables of their own, for what they
-- show is no better than the weakest of them.
-- third_party_id text: As in third_parties.
-- actor_id text: Agent.
-- name text: Name, else the id.
-- identity text: Identity it acts under here.
-- own_review_at time: Last review, as it tells.
-- answerable text: Who answers for the contract.
-- scope text: Least scope.
-- exit_plan text: What happens without it.
-- tells_review flag: Its source tells reviews.
-- tells_owner flag: Its source tells who answers.
-- tells_scope flag: Its source tells scopes.
-- tells_fallback flag: Its source tells fallbacks.
-- tells_identity flag: Its source tells identities.
-- ref text: file#record of its record.
-- as in third_parties
WITH told AS (
  SELECT DISTINCT
    ref_to(file, record) AS ref,
    source IN (SELECT source FROM carried WHERE tbl = 'third_parties' AND col = 'reviewed_at') AS tells_review,
    source IN (SELECT source FROM carried WHERE tbl = 'third_parties' AND col = 'owner_id') AS tells_owner,
    source IN (SELECT source FROM carried WHERE tbl = 'third_parties' AND col = 'scopes') AS tells_scope,
    source IN (SELECT source FROM carried WHERE tbl = 'third_parties' AND col = 'fallback') AS tells_fallback,
    source IN (SELECT source FROM carried WHERE tbl = 'third_parties' AND col = 'principal_id') AS tells_identity
  FROM in_third_parties
)

SELECT
  t.third_party_id,
  t.actor_id,
  coalesce(t.name, t.third_party_id) AS name,
  t.principal_id AS identity,
  t.reviewed_at AS own_review_at,
  t.owner_id AS answerable,
  t.scopes AS scope,
  t.fallback AS exit_plan,
  o.tells_review,
  o.tells_owner,
  o.tells_scope,
  o.tells_fallback,
  o.tells_identity,
  t.ref
FROM third_parties AS t
JOIN told AS o ON o.ref = t.ref
