-- Somebody who is named as one who decided something or answers for it, and how the lists have him.
-- decider_id text: As he is named.
-- kind text: As in actors; stranger: in no list, though people are listed; unlisted: no list of people was supplied.
-- state text: State, as the list has it.
-- state_since time: When he entered that state.
-- first_day time: First day.
-- last_day time: Last day.
WITH named AS (
  SELECT approver_id AS decider_id FROM approvals

  UNION

  SELECT approved_by FROM changes

  UNION

  SELECT autonomy_approved_by FROM actors

  UNION

  SELECT approver_id FROM exceptions

  UNION

  SELECT acted_by FROM alerts

  UNION

  SELECT owner_id FROM third_parties

  UNION

  SELECT owner_id FROM vendors
)

SELECT
  n.decider_id,
  coalesce(h.kind, CASE WHEN p.n > 0 THEN 'stranger' ELSE 'unlisted' END) AS kind,
  h.state,
  h.state_since,
  h.activated_at AS first_day,
  h.retired_at AS last_day
FROM named AS n
CROSS JOIN (SELECT count(*) AS n FROM actors WHERE kind = 'human') AS p
LEFT JOIN actors AS h ON h.actor_id = n.decider_id
WHERE n.decider_id IS NOT NULL
