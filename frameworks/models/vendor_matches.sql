-- One third party of an agent, and what the registers of vendors say of it, by exact ids alone. standing: listed; ended, where it is no
-- vendor any more; missing, where a register tells such ids and not this one; untold. A name only keeps it from being called missing.
-- third_party_id text: As in third_parties.
-- actor_id text: Agent.
-- standing text: listed / ended / missing / untold.
-- reviewed_at time: Last review.
-- due_at time: When that ends to count, or the next is due.
-- answerable text: Who answers for the contract.
-- tells_review flag: A register tells whether and when it was reviewed.
-- tells_owner flag: A register tells who answers for it.
WITH registered AS (
  SELECT
    vendor_id,
    lower(identifier) AS identifier,
    coalesce(ended, FALSE) AS is_ended,
    reviewed_at,
    review_due_at,
    coalesce((SELECT x.actor_id FROM same_as AS x WHERE x.alias = v.owner_id), owner_id) AS owner_id,
    reviewed_at IS NOT NULL OR (
      undated_review IS NOT TRUE AND source IN (SELECT source FROM carried WHERE tbl = 'vendors' AND col = 'reviewed_at')
    ) AS tells_review,
    source IN (SELECT source FROM carried WHERE tbl = 'vendors' AND col = 'owner_id') AS tells_owner
  FROM in_vendors AS v
),

names AS (
  SELECT DISTINCT n.third_party_id, lower(n.id) AS id
  FROM (SELECT third_party_id, unnest([third_party_id, organisation_id, principal_id]) AS id FROM third_parties) AS n
),

entries AS (
  SELECT n.third_party_id, v.is_ended, v.reviewed_at, v.review_due_at, v.owner_id, v.tells_review, v.tells_owner
  FROM names AS n
  JOIN registered AS v ON n.id = v.identifier OR n.id = lower(v.vendor_id)
),

matched AS (
  SELECT
    third_party_id,
    bool_and(is_ended) AS is_ended,
    min(owner_id) FILTER (NOT is_ended) AS owner_id,
    bool_or(tells_review) FILTER (NOT is_ended) AS tells_review,
    bool_or(tells_owner) FILTER (NOT is_ended) AS tells_owner
  FROM entries
  GROUP BY third_party_id
),

-- The last that was done, with what it says itself of the next; one that is planned only where none was.
last_done AS (
  SELECT e.third_party_id, e.reviewed_at, e.review_due_at
  FROM entries AS e
  CROSS JOIN run AS r
  WHERE NOT e.is_ended AND e.reviewed_at IS NOT NULL
  QUALIFY row_number() OVER (
    PARTITION BY e.third_party_id ORDER BY e.reviewed_at > r.as_of, e.reviewed_at DESC, e.review_due_at
  ) = 1
),

-- A register of one unit says nothing of the others.
units AS (
  SELECT CASE WHEN count(DISTINCT business_unit) = 1 THEN min(business_unit) END AS only_unit FROM vendors
),

ties AS (
  SELECT third_party_id, actor_id, min(name) AS name, min(id_kind(coalesce(organisation_id, third_party_id))) AS kind
  FROM third_parties
  GROUP BY third_party_id, actor_id
)

SELECT
  t.third_party_id,
  t.actor_id,
  CASE
    WHEN m.is_ended THEN 'ended'
    WHEN m.third_party_id IS NOT NULL THEN 'listed'
    WHEN EXISTS (SELECT 1 FROM vendors AS v WHERE id_kind(v.identifier) = t.kind)
      AND NOT EXISTS (SELECT 1 FROM vendors AS v WHERE is_same(v.name, t.name))
      AND (u.only_unit IS NULL OR is_same(u.only_unit, a.business_unit)) THEN 'missing'
    ELSE 'untold'
  END AS standing,
  w.reviewed_at,
  w.review_due_at AS due_at,
  m.owner_id AS answerable,
  coalesce(m.tells_review, FALSE) AS tells_review,
  coalesce(m.tells_owner, FALSE) AS tells_owner
FROM ties AS t
LEFT JOIN matched AS m ON m.third_party_id = t.third_party_id
LEFT JOIN last_done AS w ON w.third_party_id = t.third_party_id
LEFT JOIN actors AS a ON a.actor_id = t.actor_id
CROSS JOIN units AS u
