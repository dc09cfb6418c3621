-- One change without an approver, and the decision that covers it. A decision that a change names covers what names it.
-- Of the others each serves one deployment: in order of time each takes the first that is left.
-- step
WITH RECURSIVE named AS (
  SELECT row_id, deployment, decision_id, arg_min(ref, rank) AS ref, min(rank) AS rank
  FROM change_pairs
  WHERE is_named
  GROUP BY row_id, deployment, decision_id
),

open AS (
  SELECT *
  FROM change_pairs
  WHERE NOT is_named AND row_id NOT IN (SELECT row_id FROM named)
    AND (actor_id, decision_id) NOT IN (SELECT (p.actor_id, p.decision_id) FROM change_pairs AS p WHERE p.is_named)
),

steps AS (
  SELECT
    actor_id,
    deployment,
    row_number() OVER (PARTITION BY actor_id ORDER BY begun_at, deployment) AS nth
  FROM (SELECT DISTINCT actor_id, deployment, begun_at FROM open) AS d
),

walk AS (
  SELECT DISTINCT actor_id, CAST(0 AS BIGINT) AS nth, CAST([] AS VARCHAR[]) AS used
  FROM open

  UNION ALL

  SELECT actor_id, nth, list_concat(used, coalesce(list(DISTINCT pick) FILTER (pick IS NOT NULL), []))
  FROM (
    SELECT w.actor_id, k.nth, w.used, o.row_id, arg_min(o.decision_id, o.rank) AS pick
    FROM walk AS w
    JOIN steps AS k ON k.actor_id = w.actor_id AND k.nth = w.nth + 1
    LEFT JOIN open AS o ON o.deployment = k.deployment AND NOT list_contains(w.used, o.decision_id)
    GROUP BY w.actor_id, k.nth, w.used, o.row_id
  ) AS p
  GROUP BY actor_id, nth, used
)

SELECT row_id, 'id' AS matched_by, arg_min(ref, rank) AS ref, arg_min(decision_id, rank) AS decision_id
FROM named
GROUP BY row_id

UNION ALL

SELECT o.row_id, 'time', arg_min(o.ref, o.rank), arg_min(o.decision_id, o.rank)
FROM open AS o
JOIN steps AS k ON k.deployment = o.deployment
JOIN walk AS w ON w.actor_id = k.actor_id AND w.nth = k.nth - 1
WHERE NOT list_contains(w.used, o.decision_id)
GROUP BY o.row_id
