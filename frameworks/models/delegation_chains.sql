-- One thing done for somebody, or in a session that something started, followed up to who stands behind it; denied events left out.
-- session_id text: Session; empty: the events name none.
-- agent_id text: Actor that acted in it.
-- depth int: Hops up to who stands behind it.
-- root_id text: Who stands behind it, as far as the chain goes.
-- root_kind text: human | schedule | agent | service_account | workload; human without root_id: a person who is not named; empty: unknown.
-- root_active flag: That actor, or the owner of what runs by schedule, is active (a person: was, at the last of the events); empty: not known.
-- broken text: Why the chain does not hold: circle, too_long (over 32 sessions), no_parent (one was not supplied), stranger (in no register), no_actor, unnamed_agent; empty: it holds.
-- broken_at text: The session or actor at which it does not hold.
-- n_events int: Events of that session, actor and delegator.
-- in_window flag: They are inside the period under review.
-- first_at time: First of them.
-- first_ref text: file#record of the first.
-- of events
-- as in events
-- Those whom logs name as delegators, the register as owners and the records as approvers.
WITH people_named AS (
  SELECT root_id AS name FROM delegation_roots WHERE delegator IS NOT NULL

  UNION

  SELECT owner_id FROM actors

  UNION

  SELECT approver_id FROM approvals
),

people AS (
  SELECT DISTINCT coalesce(x.actor_id, n.name) AS name, a.kind
  FROM people_named AS n
  LEFT JOIN known_names AS x ON x.alias = n.name
  LEFT JOIN actors AS a ON a.actor_id = coalesce(x.actor_id, n.name) AND a.registered
  WHERE n.name IS NOT NULL AND (a.kind IS NULL OR a.kind = 'human')
),

-- A partial list of people proves no absence: it must know at least half of them.
list_of_people AS (
  SELECT
    coalesce(count(CASE WHEN kind = 'human' THEN 1 END) > 0 AND 2 * count(CASE WHEN kind = 'human' THEN 1 END) >= count(*), FALSE)
      AS proves_absence
  FROM people
),

assessed AS (
  SELECT
    r.*,
    a.kind AS kind_of_root,
    a.registered AS root_is_registered,
    CASE
      WHEN r.is_by_schedule THEN
        CASE WHEN o.kind <> 'human' THEN FALSE ELSE was_there(o.state, o.state_since, o.retired_at, r.last_at) END
      WHEN a.kind = 'human' THEN was_there(a.state, a.state_since, a.retired_at, r.last_at)
      ELSE a.state = 'active'
    END AS root_active,
    CASE
      WHEN r.is_circle THEN 'circle'
      WHEN r.depth >= 32 AND r.up IS NOT NULL THEN 'too_long'
      WHEN r.up IS NOT NULL THEN 'no_parent'
      WHEN r.stranger IS NOT NULL THEN 'stranger'
      WHEN r.is_unnamed THEN NULL
      WHEN r.root_id IS NULL THEN 'no_actor'
      WHEN r.trigger = 'agent' AND r.delegator IS NULL THEN 'unnamed_agent'
      WHEN a.registered OR (r.delegator IS NOT NULL AND a.actor_id IS NULL AND NOT p.proves_absence) THEN NULL
      ELSE 'stranger'
    END AS broken
  FROM delegation_roots AS r
  CROSS JOIN list_of_people AS p
  LEFT JOIN actors AS a ON a.actor_id = r.root_id
  LEFT JOIN actors AS o ON o.actor_id = a.owner_id
)

SELECT
  session_id,
  agent_id,
  CAST(depth + CASE WHEN root_id <> top_id THEN 1 ELSE 0 END AS BIGINT) AS depth,
  root_id,
  CASE
    WHEN is_by_schedule THEN 'schedule'
    WHEN is_unnamed THEN 'human'
    WHEN root_is_registered THEN kind_of_root
  END AS root_kind,
  root_active,
  broken,
  CASE broken WHEN 'stranger' THEN coalesce(stranger, root_id) WHEN 'unnamed_agent' THEN NULL ELSE up END AS broken_at,
  n_events,
  in_window,
  first_at,
  first_ref
FROM assessed
