-- One act of an agent in the period that it should not have been able to do, and since when: what calls for an incident.
-- It is what INV-02, CRD-02, CRD-08 and ENT-05 find, by agent; no check can find them all at once: an unregistered agent is in
-- no register, so what needs grants could say nothing of it.
-- agent_id text: Agent.
-- kind text: unregistered | shared credential | ended credential | tool outside its grants | data outside its grants | action outside its grants.
-- what text: Agent, credential or tool.
-- first_at time: Since when.
-- ref text: file#record of one such event.
-- of events
-- as in events
WITH bounded AS (
  SELECT actor_id, type FROM grants
  UNION
  SELECT actor_id, CASE name WHEN 'tools_listed' THEN 'tool' ELSE 'data' END
  FROM settings
  WHERE name IN ('tools_listed', 'data_listed') AND value = 'true'
),

unregistered AS (
  SELECT agent_id, min(first_at) AS first_at, arg_min(first_ref, (first_at, first_ref)) AS ref
  FROM activity
  WHERE agent_kind = 'agent' AND NOT registered AND outcome = 'success' AND agent_id IS NOT NULL
  GROUP BY agent_id
  HAVING bool_or(in_window)
),

-- A person or account with an agent's key is a breach of each agent that holds it, whose rights they have.
users AS (
  SELECT *, count(*) OVER c AS n, nth_value(first_at, 2) OVER c AS second_at
  FROM key_uses
  WHERE in_window AND user_id IS NOT NULL AND NOT by_client
  WINDOW c AS (
    PARTITION BY credential_id ORDER BY first_at, user_id
    ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
  )
),

shared AS (
  SELECT
    CASE WHEN coalesce(u.user_kind, 'agent') = 'agent' THEN u.user_id ELSE h.agent_id END AS agent_id,
    u.credential_id,
    min(coalesce(u.second_at, u.first_at)) AS first_at,
    arg_min(u.first_ref, (u.first_at, u.first_ref)) AS ref
  FROM users AS u
  LEFT JOIN key_holders AS h ON h.credential_id = u.credential_id
  WHERE u.n > 1 OR (u.held_by IS NOT NULL AND NOT u.is_holder AND u.listed)
  GROUP BY ALL
),

ended AS (
  SELECT credential_id, min(ended_at) AS ended_at
  FROM credentials
  GROUP BY credential_id
),

-- Five minutes: two clocks may differ by so much.
ended_uses AS (
  SELECT
    x.agent_id,
    x.credential_id,
    min(greatest(x.first_at, c.ended_at)) AS first_at,
    arg_max(x.last_ref, (x.last_at, x.last_ref)) AS ref
  FROM activity AS x
  JOIN ended AS c USING (credential_id)
  WHERE x.agent_kind = 'agent' AND x.outcome = 'success' AND x.last_at > c.ended_at + INTERVAL 5 MINUTE
  GROUP BY x.agent_id, x.credential_id
  HAVING bool_or(x.in_window)
),

-- What a grant covers until its last use, it covers before: only what no grant covers is dated.
strays AS (
  SELECT DISTINCT x.agent_id, x.tool
  FROM activity AS x
  LEFT JOIN grants AS g
    ON g.actor_id = x.agent_id AND g.type = 'tool' AND covers_tool(x.tool, g.like_pattern, g.excluded)
    AND holds_at(g.expires_at, x.last_at)
  LEFT JOIN past_rights AS p
    ON p.actor_id = x.agent_id AND p.type = 'tool' AND x.tool LIKE p.like_pattern ESCAPE '!'
    AND p.perhaps_until_at >= x.last_at AND (p.since_at IS NULL OR p.since_at <= x.first_at)
  WHERE x.registered AND x.agent_kind = 'agent' AND x.outcome = 'success' AND x.tool IS NOT NULL
    AND g.actor_id IS NULL AND p.actor_id IS NULL AND x.agent_id IN (SELECT actor_id FROM bounded WHERE type = 'tool')
),

outside AS (
  SELECT x.agent_id, x.tool, min(x.first_at) AS first_at, arg_min(x.first_ref, (x.first_at, x.first_ref)) AS ref
  FROM strays AS s
  JOIN activity AS x ON x.agent_id = s.agent_id AND x.tool = s.tool
  WHERE x.registered AND x.agent_kind = 'agent' AND x.outcome = 'success'
  GROUP BY x.agent_id, x.tool
  HAVING bool_or(x.in_window)

  UNION ALL

  SELECT agent_id, name, min(first_at), arg_max(last_ref, (last_at, last_ref))
  FROM graver_uses
  WHERE kind = 'tool' AND certain
  GROUP BY agent_id, name
  HAVING bool_or(in_window)
),

touched AS (
  SELECT d.agent_id, d.in_window, d.first_at, d.first_ref AS ref
  FROM data_use AS d
  LEFT JOIN (
    SELECT actor_id, max(perhaps_until_at) AS until_at FROM past_rights WHERE type = 'data' GROUP BY actor_id
  ) AS p ON p.actor_id = d.agent_id
  WHERE d.registered AND d.outcome = 'success' AND d.event_class = 'data' AND d.data_source IS NULL
    AND NOT coalesce(p.until_at >= d.last_at, FALSE)
    AND d.agent_id IN (SELECT b.actor_id FROM bounded AS b JOIN agents AS a USING (actor_id) WHERE b.type = 'data')

  UNION ALL

  SELECT agent_id, in_window, first_at, last_ref
  FROM graver_uses
  WHERE kind = 'data' AND certain
)

SELECT agent_id, 'unregistered' AS kind, agent_id AS what, first_at, ref
FROM unregistered

UNION ALL

SELECT agent_id, 'shared credential', credential_id, first_at, ref
FROM shared
WHERE agent_id IS NOT NULL

UNION ALL

SELECT agent_id, 'ended credential', credential_id, first_at, ref
FROM ended_uses

UNION ALL

SELECT agent_id, 'tool outside its grants', tool, min(first_at), arg_min(ref, (first_at, ref))
FROM outside
GROUP BY agent_id, tool

UNION ALL

SELECT agent_id, 'data outside its grants', 'data', min(first_at), arg_min(ref, (first_at, ref))
FROM touched
GROUP BY agent_id
HAVING bool_or(in_window)

UNION ALL

SELECT agent_id, 'action outside its grants', granted, min(first_at), arg_max(last_ref, (last_at, last_ref))
FROM right_uses
WHERE person_id IS NULL AND NOT covered AND in_window
GROUP BY agent_id, granted
