-- One third party that holds access of an agent not retired: what its own record and the registers say of review, scope and owner.
-- part
SELECT
  t.third_party_id,
  t.name,
  CASE WHEN v.standing = 'missing' AND t.tells_review THEN 'untold' ELSE v.standing END AS standing,
  CASE
    WHEN v.reviewed_at IS NULL THEN t.own_review_at
    WHEN t.own_review_at <= r.as_of AND (t.own_review_at > v.reviewed_at OR v.reviewed_at > r.as_of) THEN t.own_review_at
    ELSE v.reviewed_at
  END AS reviewed_at,
  CASE
    WHEN t.own_review_at <= r.as_of AND (t.own_review_at > v.reviewed_at OR v.reviewed_at > r.as_of) THEN NULL
    ELSE v.due_at
  END AS review_due_at,
  COALESCE(t.answerable, v.answerable) AS owner_id,
  standing_on(
    COALESCE(t.answerable, v.answerable), n.n_people, h.kind, h.state, h.state_since, h.first_day, h.last_day, r.as_of
  ) AS owner_standing,
  h.state AS owner_state,
  COALESCE(t.scope, l.scope) AS scopes,
  t.tells_review OR v.tells_review AS tells_review,
  t.tells_owner OR v.tells_owner AS tells_owner,
  t.tells_scope OR l.scope IS NOT NULL AS tells_scope,
  t.ref
FROM third_party_records AS t
JOIN agents AS a ON a.actor_id = t.actor_id
JOIN vendor_matches AS v ON v.third_party_id = t.third_party_id AND v.actor_id = t.actor_id
CROSS JOIN run AS r
CROSS JOIN listed_people AS n
LEFT JOIN deciders AS h ON h.decider_id = COALESCE(t.answerable, v.answerable)
LEFT JOIN limited_agents AS l ON l.actor_id = t.actor_id
WHERE a.state IS NULL OR a.state <> 'retired'
