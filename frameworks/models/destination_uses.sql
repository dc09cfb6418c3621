-- One destination that an agent of a list used with success in the period, by purpose, with each entry of its own list
-- that covered it then; without one where none did.
-- part
WITH sent AS (
  SELECT
    u.agent_id,
    u.destination,
    u.host,
    u.purpose,
    CASE WHEN COUNT(CASE WHEN u.effect <> 'read' THEN 1 END) > 0 THEN 'sent' ELSE 'used' END AS did,
    MAX(u.last_at) AS last_at,
    ARG_MAX(u.last_ref, moment(u.last_at, u.last_ref)) AS ref
  FROM reach AS u
  WHERE u.in_window AND u.registered AND u.outcome = 'success'
  GROUP BY u.agent_id, u.destination, u.host, u.purpose
),
entries AS (
  SELECT
    g.actor_id,
    place_of(g.name) AS name,
    place_of(g.like_pattern) AS like_pattern,
    -- An entry without scheme, port and closing path stands for a host or a mail domain.
    REPLACE(REPLACE(REPLACE(REPLACE(place_of(g.like_pattern) || '>', 'https://', ''), 'http://', ''), '/%>', ''), '>', '')
      AS host,
    g.purpose,
    g.expires_at
  FROM grants AS g
  WHERE g.type = 'destination'
)
SELECT s.agent_id, s.destination, s.purpose, s.did, s.last_at, s.ref, e.name AS entry
FROM sent AS s
LEFT JOIN entries AS e
  ON e.actor_id = s.agent_id AND holds_at(e.expires_at, s.last_at) AND same_purpose(e.purpose, s.purpose)
  AND CASE
    WHEN place_of(s.destination) = e.name THEN TRUE
    WHEN s.host IS NOT NULL AND e.host NOT LIKE '%/%' AND e.host NOT LIKE '%@%' THEN s.host LIKE e.host ESCAPE '!'
    -- A wildcard in front could match anything that merely ends so, unless it is a single mail address.
    WHEN e.name LIKE '*%' AND NOT (e.name LIKE '*@%' AND s.host IS NOT NULL AND s.destination NOT LIKE '%/%') THEN FALSE
    WHEN e.name LIKE 'http%://*%' THEN FALSE
    ELSE place_of(s.destination) LIKE e.like_pattern ESCAPE '!'
  END
