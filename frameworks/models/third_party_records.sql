-- One third party that holds access of an agent, with what its own record and a register of vendors say of it. The register
-- is joined by exact ids alone. standing: listed; ended, where it is no vendor any more; not_listed, where the register tells
-- such ids and not this one; untold, where its own record decides, or nothing does.
-- third_party_id text: As in third_parties.
-- actor_id text: Agent.
-- name text: Name, else the id.
-- identity text: Identity it acts under here.
-- last_review_at time: Last review, of either record.
-- review_due_at time: When the register says that it ends to count.
-- answerable text: Who answers for the contract, of either record.
-- scope text: Least scope as recorded, else the first of the agent's rights where all are listed by name and none is privileged.
-- exit_plan text: What happens without it.
-- standing text: listed / ended / not_listed / untold.
-- tells_review flag: Either record tells whether and when it was reviewed.
-- tells_owner flag: Either record tells who answers for it.
-- tells_scope flag: Its scope is recorded.
-- tells_fallback flag: Its own record tells fallbacks.
-- tells_identity flag: Its own record tells identities.
-- ref text: file#record of its own record.
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
),

registered AS (
  SELECT
    vendor_id,
    lower(identifier) AS identifier,
    coalesce(ended, FALSE) AS is_ended,
    reviewed_at,
    review_due_at,
    owner_id,
    reviewed_at IS NOT NULL OR (
      undated_review IS NOT TRUE AND source IN (SELECT source FROM carried WHERE tbl = 'vendors' AND col = 'reviewed_at')
    ) AS tells_review,
    source IN (SELECT source FROM carried WHERE tbl = 'vendors' AND col = 'owner_id') AS tells_owner
  FROM in_vendors
),

names AS (
  SELECT DISTINCT third_party_id, lower(unnest([third_party_id, organisation_id, principal_id])) AS id FROM third_parties
),

matched AS (
  SELECT
    n.third_party_id,
    bool_and(v.is_ended) AS is_ended,
    max(v.reviewed_at) FILTER (NOT v.is_ended) AS reviewed_at,
    arg_max(v.review_due_at, v.reviewed_at) FILTER (NOT v.is_ended) AS review_due_at,
    min(v.owner_id) FILTER (NOT v.is_ended) AS owner_id,
    bool_or(v.tells_review) FILTER (NOT v.is_ended) AS tells_review,
    bool_or(v.tells_owner) FILTER (NOT v.is_ended) AS tells_owner
  FROM names AS n
  JOIN registered AS v ON n.id = v.identifier OR n.id = lower(v.vendor_id)
  GROUP BY n.third_party_id
),

-- A register of one unit says nothing of the others.
units AS (
  SELECT CASE WHEN count(DISTINCT business_unit) = 1 THEN min(business_unit) END AS only_unit FROM vendors
),

limited AS (
  SELECT actor_id, min(coalesce(name || ' ' || action, name)) AS scopes
  FROM grants
  WHERE type = 'entitlement'
  GROUP BY actor_id
  HAVING NOT bool_or(coalesce(privileged, FALSE) OR coalesce(contains(name || coalesce(action, ''), '*'), TRUE))
)

SELECT
  t.third_party_id,
  t.actor_id,
  coalesce(t.name, t.third_party_id) AS name,
  t.principal_id AS identity,
  CASE WHEN t.reviewed_at > as_of() AND m.reviewed_at IS NOT NULL THEN m.reviewed_at
    ELSE greatest(t.reviewed_at, m.reviewed_at) END AS last_review_at,
  CASE WHEN t.reviewed_at > m.reviewed_at AND t.reviewed_at <= as_of() THEN NULL ELSE m.review_due_at END AS review_due_at,
  coalesce(t.owner_id, m.owner_id) AS answerable,
  coalesce(t.scopes, l.scopes) AS scope,
  t.fallback AS exit_plan,
  CASE
    WHEN m.is_ended THEN 'ended'
    WHEN m.third_party_id IS NOT NULL THEN 'listed'
    WHEN o.tells_review THEN 'untold'
    WHEN EXISTS (SELECT 1 FROM vendors AS v WHERE id_kind(v.identifier) = id_kind(coalesce(t.organisation_id, t.third_party_id)))
      AND NOT EXISTS (SELECT 1 FROM vendors AS v WHERE is_same(v.name, t.name))
      AND (u.only_unit IS NULL OR is_same(u.only_unit, a.business_unit)) THEN 'not_listed'
    ELSE 'untold'
  END AS standing,
  o.tells_review OR coalesce(m.tells_review, FALSE) AS tells_review,
  o.tells_owner OR coalesce(m.tells_owner, FALSE) AS tells_owner,
  o.tells_scope OR l.scopes IS NOT NULL AS tells_scope,
  o.tells_fallback,
  o.tells_identity,
  t.ref
FROM third_parties AS t
JOIN told AS o ON o.ref = t.ref
LEFT JOIN matched AS m ON m.third_party_id = t.third_party_id
LEFT JOIN limited AS l ON l.actor_id = t.actor_id
LEFT JOIN actors AS a ON a.actor_id = t.actor_id
CROSS JOIN units AS u
