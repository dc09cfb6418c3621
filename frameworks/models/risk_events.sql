-- One event in the period that changes the risk of an agent: a first use, a use outside its grants, a new peer, a
-- change, an incident. A review may name it as what set it off, by its id or kind.
-- part
WITH strays AS (
  -- What no grant covers until its last use: few, so that only they are counted and dated.
  SELECT DISTINCT x.agent_id, x.tool
  FROM activity AS x
  LEFT JOIN grants AS g
    ON g.actor_id = x.agent_id AND g.type = 'tool' AND covers_tool(x.tool, g.like_pattern, g.excluded)
    AND holds_at(g.expires_at, x.last_at)
  WHERE x.in_window AND x.registered AND x.outcome = 'success' AND x.tool IS NOT NULL AND g.actor_id IS NULL
    AND x.agent_id IN (SELECT t.actor_id FROM grants AS t WHERE t.type = 'tool')
),

tools AS (
  SELECT
    x.agent_id,
    x.tool,
    MIN(x.first_at) AS happened_at,
    ARG_MIN(x.first_ref, moment(x.first_at, x.first_ref)) AS ref
  FROM strays AS s
  JOIN activity AS x ON x.agent_id = s.agent_id AND x.tool = s.tool
  WHERE x.in_window AND x.registered AND x.outcome = 'success'
  GROUP BY x.agent_id, x.tool
),

happened AS (
  SELECT
    n.agent_id, n.kind, 'first_use_of_' || n.kind AS event, n.name AS id, n.first_at AS happened_at, n.approved_at,
    n.unclear, n.ref
  FROM new_uses AS n

  UNION ALL

  SELECT t.agent_id, 'breach', 'use_of_tool', t.tool, t.happened_at, MIN(p.approved_at), 0, t.ref
  FROM tools AS t
  LEFT JOIN all_approvals AS p
    ON p.actor_id = t.agent_id AND p.type IN ('tool', 'change') AND t.tool LIKE p.like_pattern ESCAPE '!'
    AND holds_at(p.expires_at, t.happened_at)
  LEFT JOIN new_uses AS n ON n.agent_id = t.agent_id AND n.kind = 'tool' AND n.name = t.tool
  WHERE n.agent_id IS NULL
  GROUP BY t.agent_id, t.tool, t.happened_at, t.ref

  UNION ALL

  SELECT
    u.agent_id, 'breach', 'use_of_data', 'data', MIN(u.first_at), NULL, 0,
    ARG_MIN(u.first_ref, moment(u.first_at, u.first_ref))
  FROM data_use AS u
  WHERE u.in_window AND u.registered AND u.outcome = 'success' AND u.event_class = 'data' AND u.data_source IS NULL
    AND u.agent_id IN (SELECT g.actor_id FROM grants AS g WHERE g.type = 'data')
  GROUP BY u.agent_id

  UNION ALL

  SELECT
    e.agent_id, 'peer', 'first_message', e.peer_id, MIN(e.occurred_at), NULL, 0,
    ARG_MIN(e.ref, moment(e.occurred_at, e.ref))
  FROM events AS e
  WHERE e.peer_id IS NOT NULL AND e.registered AND e.outcome = 'success'
  GROUP BY e.agent_id, e.peer_id

  UNION ALL

  SELECT
    h.actor_id, h.kind, CASE h.kind WHEN 'incident' THEN h.kind ELSE 'changed_' || h.kind END, h.id, h.happened_at,
    NULL, 0, h.ref
  FROM changes_and_incidents AS h

  UNION ALL

  SELECT a.actor_id, 'owner', 'owner_from', a.previous_owner_id, a.owner_since, NULL, 0, a.ref
  FROM agents AS a
  CROSS JOIN run AS r
  LEFT JOIN changes_and_incidents AS h
    ON h.actor_id = a.actor_id AND h.kind = 'owner' AND h.happened_at >= r.period_from AND h.happened_at < r.period_to
  WHERE a.previous_owner_id IS NOT NULL AND h.actor_id IS NULL
)

SELECT h.agent_id, h.kind, h.event, h.id, h.happened_at, h.approved_at, h.unclear, h.ref
FROM happened AS h
CROSS JOIN run AS r
WHERE h.happened_at >= r.period_from AND h.happened_at < r.period_to
