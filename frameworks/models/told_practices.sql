-- One actor of a list, and which practices of governance the lists that describe it record at all. An empty field proves
-- an absence only where its list has that field. Where no list of reviews, keys or logs names the actor, its own list may do so.
-- actor_id text: As in actors.
-- tells_owner flag: A list of it records owners.
-- tells_review flag: A list of it records when reviews were completed.
-- tells_auth flag: A list of it records how strong the sign-in is.
-- tells_key flag: A list of it records when keys end or were rotated.
-- tells_log flag: A list of it tells which logs record whom.
-- tells_policy flag: A list of it tells policies; that a policy covers some by its own scope tells nothing of others.
-- as in actors
WITH fields AS (
  SELECT
    r.source,
    r.form,
    coalesce(bool_or(c.col = 'owner_id'), FALSE) AS tells_owner,
    coalesce(bool_or(c.col = 'strong_auth'), FALSE) AS tells_auth,
    -- A list that holds policies too is said to tell them once one covers somebody: there a filled field shows it.
    coalesce(bool_or(c.col = 'policy_id' AND (r.fills OR r.source NOT IN (SELECT source FROM policies))), FALSE) AS tells_policy
  FROM (SELECT source, form, count(policy_id) > 0 AS fills FROM actor_rows GROUP BY source, form) AS r
  LEFT JOIN carried AS c ON c.source = r.source AND c.tbl = concat_ws('/', 'actors', r.form)
  GROUP BY r.source, r.form
),

facts AS (
  SELECT
    source,
    bool_or(tbl = 'reviews' AND col = 'completed_at') AS tells_review,
    bool_or(tbl = 'credentials' AND col IN ('expires_at', 'last_rotated_at')) AS tells_key,
    bool_or(tbl = 'actor_log_sources' AND col = 'log_source') AS tells_log
  FROM carried
  GROUP BY source
),

listed AS (
  SELECT
    l.actor_id,
    bool_or(f.tells_owner) AS tells_owner,
    bool_or(f.tells_auth) AS tells_auth,
    bool_or(f.tells_policy) AS tells_policy,
    bool_or(coalesce(c.tells_review, FALSE)) AS tells_review,
    bool_or(coalesce(c.tells_key, FALSE)) AS tells_key,
    bool_or(coalesce(c.tells_log, FALSE)) AS tells_log
  FROM (SELECT DISTINCT actor_id, source, form FROM actor_rows) AS l
  JOIN fields AS f ON f.source = l.source AND f.form IS NOT DISTINCT FROM l.form
  LEFT JOIN facts AS c ON c.source = l.source
  GROUP BY l.actor_id
),

own AS (
  SELECT o.actor_id, o.tbl, bool_or(CASE o.tbl WHEN 'reviews' THEN c.tells_review WHEN 'keys' THEN c.tells_key ELSE c.tells_log END) AS tells
  FROM (
    SELECT DISTINCT actor_id, 'reviews' AS tbl, source FROM reviews
    UNION ALL
    SELECT DISTINCT actor_id, 'keys', source FROM credentials
    UNION ALL
    SELECT DISTINCT actor_id, 'logs', source FROM actor_log_sources
  ) AS o
  JOIN facts AS c ON c.source = o.source
  GROUP BY o.actor_id, o.tbl
)

SELECT
  l.actor_id,
  l.tells_owner,
  coalesce(v.tells, l.tells_review) AS tells_review,
  l.tells_auth,
  coalesce(k.tells, l.tells_key) AS tells_key,
  coalesce(g.tells, l.tells_log) AS tells_log,
  l.tells_policy
FROM listed AS l
LEFT JOIN own AS v ON v.actor_id = l.actor_id AND v.tbl = 'reviews'
LEFT JOIN own AS k ON k.actor_id = l.actor_id AND k.tbl = 'keys'
LEFT JOIN own AS g ON g.actor_id = l.actor_id AND g.tbl = 'logs'
