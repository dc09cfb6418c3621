-- One actor whose rights an actor has: itself, and each group that it is in: of a list that tells its members, also by way of
-- another group, or all service accounts of a namespace, a cluster or Google Cloud.
-- actor_id text: Actor.
-- holder_id text: Itself or a group.
-- is_activated flag: It is in the group only once that is activated, for a while.
-- expires_at time: When it leaves the group.
WITH RECURSIVE listed AS (
  -- Who owns a group is not in it.
  SELECT DISTINCT g.actor_id, g.name AS group_id, coalesce(g.activation, FALSE) AS is_activated, g.expires_at
  FROM grants AS g
  JOIN actors AS h ON h.actor_id = g.name AND h.kind = 'group'
  WHERE g.type = 'entitlement' AND g.actor_id <> g.name AND g.action IS NULL AND g.role IS DISTINCT FROM 'owner'
),

walk AS (
  SELECT actor_id, group_id, is_activated, expires_at FROM listed
  UNION
  SELECT w.actor_id, n.group_id, w.is_activated OR n.is_activated, least(w.expires_at, n.expires_at)
  FROM walk AS w
  JOIN listed AS n ON n.actor_id = w.group_id AND n.group_id <> w.actor_id
),

holders AS (
  SELECT actor_id FROM grants WHERE type = 'entitlement'
),

accounts AS (
  SELECT actor_id, actor_id AS account FROM actors
  UNION
  SELECT actor_id, alias FROM same_as
  UNION
  SELECT actor_id, principal_id FROM actors WHERE principal_id IS NOT NULL
),

everybody AS (
  SELECT
    actor_id,
    unnest(CASE
      WHEN account LIKE 'system:serviceaccount:%:%' THEN
        ['system:authenticated', 'system:serviceaccounts', 'system:serviceaccounts:' || split_part(account, ':', 3)]
      ELSE ['allUsers', 'allAuthenticatedUsers']
    END) AS group_id
  FROM accounts
  WHERE account LIKE 'system:serviceaccount:%:%' OR account LIKE '%.gserviceaccount.com'
)

SELECT actor_id, actor_id AS holder_id, FALSE AS is_activated, CAST(NULL AS TIMESTAMP) AS expires_at
FROM actors

UNION ALL

SELECT actor_id, group_id, is_activated, expires_at
FROM walk

UNION ALL

SELECT DISTINCT actor_id, group_id, FALSE, NULL
FROM everybody
WHERE group_id IN (SELECT actor_id FROM holders) AND actor_id <> group_id
