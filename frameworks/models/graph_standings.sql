-- One call of Microsoft Graph, the permissions in its token that no assignment on record gives, and how the call stands to those
-- on record. A token carries all that its application has been given, so one permission more was given all the same.
-- step
WITH asked AS (
  SELECT use_id, holder_id, last_at, split_part(told, '@', 1) AS permission, told LIKE '%@delegated' AS is_delegated
  FROM (
    SELECT use_id, holder_id, last_at, unnest(string_split(rights, ' ')) AS told
    FROM system_acts
    WHERE log_source = 'microsoft-graph-activity' AND person_id IS NULL
  ) AS u
  -- Who may sign in gets these without being given them.
  WHERE told NOT IN ('openid@delegated', 'profile@delegated', 'email@delegated', 'offline_access@delegated')
),

-- 2: given; 1: perhaps, by one that has only an id.
met AS (
  SELECT
    a.use_id,
    a.holder_id,
    a.last_at,
    a.permission,
    a.is_delegated,
    coalesce(max(CASE WHEN g.permission = lower(a.permission) THEN 2 WHEN g.is_unnamed THEN 1 END), 0) AS degree
  FROM asked AS a
  LEFT JOIN graph_permissions AS g
    ON g.actor_id = a.holder_id AND g.is_delegated = a.is_delegated AND holds_at(g.expires_at, a.last_at)
  GROUP BY ALL
),

lists AS (
  SELECT
    actor_id,
    is_delegated,
    -- One that is unfolded within another list ends after twenty.
    bool_or(is_graph OR is_delegated) AND count(CASE WHEN is_unfolded THEN 1 END) < 20 AS is_told
  FROM graph_permissions
  GROUP BY actor_id, is_delegated
),

-- What was given later than listed, and what an identity of an agent has from its blueprint, no list of its own tells.
weighed AS (
  SELECT
    m.use_id,
    m.permission,
    CASE
      WHEN m.degree = 0 AND (
        l.actor_id IS NULL
        OR m.holder_id IN (SELECT actor_id FROM actor_rows WHERE principal_type = 'agent')
        OR m.holder_id IN (SELECT n.actor_id FROM actor_rows AS b JOIN known_names AS n ON n.alias = b.actor_id WHERE b.principal_type = 'agent')
        OR EXISTS (
          SELECT 1
          FROM changes AS c
          WHERE c.actor_id = m.holder_id AND kind_of_change(c.field) = 'entitlement' AND contains(lower(c.new_value), lower(m.permission))
        )
        -- A token outlives what was taken away by a day at most.
        OR m.last_at <= x.last_at + INTERVAL 1 DAY
      ) THEN 1
      ELSE m.degree
    END AS degree
  FROM met AS m
  LEFT JOIN lists AS l ON l.actor_id = m.holder_id AND l.is_delegated = m.is_delegated AND l.is_told
  LEFT JOIN right_changes AS x ON x.actor_id = m.holder_id
)

SELECT
  w.use_id,
  list_sort(list(w.permission) FILTER (w.degree = s.degree)) AS actions,
  CASE
    WHEN s.degree = 2 THEN 'granted'
    WHEN s.degree = 0 THEN 'unassigned'
    WHEN bool_or(u.holder_id IN (SELECT actor_id FROM graph_permissions)) THEN 'unlisted'
    ELSE 'incomparable'
  END AS standing
FROM weighed AS w
JOIN (SELECT use_id, min(degree) AS degree FROM weighed GROUP BY use_id) AS s ON s.use_id = w.use_id
JOIN system_acts AS u ON u.use_id = w.use_id
GROUP BY w.use_id, s.degree
