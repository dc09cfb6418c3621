-- One change without an approver, and a decision of the same agent that may cover it: named by it, or on the same kind of thing
-- at the right time. What was changed in a policy, group or role may be decided for that, too.
-- rank: the lower, the sooner it is taken; the one that somebody else made comes first.
-- step
WITH sought AS (
  SELECT *, actor_id AS about_id
  FROM change_sightings

  UNION ALL

  SELECT s.*, i.held_id
  FROM change_sightings AS s
  JOIN inherited_changes AS i ON i.row_id = s.row_id
),

paired AS (
  SELECT
    s.row_id,
    s.actor_id,
    s.deployment,
    s.begun_at,
    o.decision_id,
    o.ref,
    s.decision_id IN (o.decision_id, o.name) AS is_named,
    (
      coalesce(is_same(o.approver_id, s.requested_by), FALSE), o.kind IS NULL, o.from_at, o.decision_id, o.ref
    ) AS rank
  FROM sought AS s
  JOIN change_orders AS o ON o.actor_id = s.about_id AND holds_at(o.refused_at, s.begun_at)
  WHERE s.decision_id IN (o.decision_id, o.name)
    OR (
      NOT s.is_told AND s.decision_id IS NULL AND is_timely(o.from_at, s.begun_at) AND (o.kind IS NULL OR o.kind = s.kind)
      AND (
        o.like_pattern IS NULL OR s.value IS NULL
        OR len(list_filter(values_of(s.value), lambda x: x LIKE o.like_pattern ESCAPE '!')) > 0
      )
    )
)

SELECT row_id, actor_id, deployment, begun_at, decision_id, ref, coalesce(is_named, FALSE) AS is_named, rank
FROM paired
