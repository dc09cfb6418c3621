-- One item that a review did not decide on: a tool or data source that the agent used in the time of its snapshot, use
-- of data that no grant covers, or a right that was granted then, with or without a date.
-- part
WITH used AS (
  SELECT d.review_id, d.actor_id, 'tool' AS type, x.tool AS name
  FROM completed_reviews AS d
  JOIN activity AS x ON x.agent_id = d.actor_id AND x.first_at <= d.snapshot_at AND x.last_at >= d.snapshot_from
  LEFT JOIN grants AS g ON g.actor_id = d.actor_id AND g.type = 'tool' AND x.tool LIKE g.like_pattern ESCAPE '!'
  LEFT JOIN review_items AS i
    ON i.review_id = d.review_id AND i.actor_id = d.actor_id AND i.type = 'tool' AND i.decision IS NOT NULL
    AND (i.name = x.tool OR i.name = g.name)
  WHERE x.outcome = 'success' AND x.tool IS NOT NULL
  GROUP BY d.review_id, d.actor_id, x.tool
  HAVING COUNT(i.name) = 0

  UNION ALL

  SELECT d.review_id, d.actor_id, 'data', u.data_source
  FROM completed_reviews AS d
  JOIN data_use AS u ON u.agent_id = d.actor_id AND u.first_at <= d.snapshot_at AND u.last_at >= d.snapshot_from
  LEFT JOIN review_items AS i
    ON i.review_id = d.review_id AND i.actor_id = d.actor_id AND i.type = 'data' AND i.decision IS NOT NULL
    AND i.name = u.data_source
  WHERE u.outcome = 'success' AND u.data_source IS NOT NULL
  GROUP BY d.review_id, d.actor_id, u.data_source
  HAVING COUNT(i.name) = 0
)

SELECT u.review_id, 'used' AS standing, u.type, u.name
FROM used AS u

UNION ALL

SELECT DISTINCT d.review_id, 'not_granted', 'data', NULL
FROM completed_reviews AS d
JOIN data_use AS u ON u.agent_id = d.actor_id AND u.first_at <= d.snapshot_at AND u.last_at >= d.snapshot_from
LEFT JOIN review_items AS i
  ON i.review_id = d.review_id AND i.actor_id = d.actor_id AND i.type = 'data' AND i.decision IS NOT NULL
  AND NOT EXISTS (
    SELECT 1 FROM grants AS g WHERE g.actor_id = i.actor_id AND g.type = 'data' AND g.name = i.name
  )
WHERE u.outcome = 'success' AND u.data_source IS NULL AND u.event_class = 'data' AND i.name IS NULL

UNION ALL

SELECT d.review_id, CASE WHEN MIN(g.granted_at) IS NULL THEN 'undated' ELSE 'granted' END, g.type, g.name
FROM completed_reviews AS d
JOIN grants AS g ON g.actor_id = d.actor_id AND g.type IN ('tool', 'data', 'entitlement')
LEFT JOIN used AS u
  ON u.review_id = d.review_id AND u.actor_id = d.actor_id AND u.type = g.type AND u.name = g.name
LEFT JOIN review_items AS i
  ON i.review_id = d.review_id AND i.actor_id = d.actor_id AND i.type = g.type AND i.decision IS NOT NULL
  AND i.name LIKE g.like_pattern ESCAPE '!'
WHERE (g.granted_at IS NULL OR g.granted_at <= d.snapshot_at) AND (g.expires_at IS NULL OR g.expires_at > d.snapshot_at)
  AND u.review_id IS NULL
GROUP BY d.review_id, d.actor_id, g.type, g.name
HAVING COUNT(i.name) = 0
