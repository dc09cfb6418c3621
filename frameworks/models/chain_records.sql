-- One record of a log whose records carry hashes, and how its link to the record before it breaks or stays open.
-- part
WITH records AS (
  SELECT e.log_source, e.in_window, e.occurred_at, e.sequence, e.hash, e.prev_hash, e.hash_holds, e.ref
  FROM events AS e
  WHERE e.log_source IN (SELECT h.log_source FROM events AS h WHERE h.in_window AND h.hash IS NOT NULL)
),
numbered AS (
  SELECT
    n.log_source, n.in_window, n.occurred_at, n.sequence, n.hash, n.prev_hash, n.hash_holds, n.ref,
    LAG(n.sequence) OVER (PARTITION BY n.log_source ORDER BY n.sequence, n.hash) AS last_sequence,
    LAG(n.hash) OVER (PARTITION BY n.log_source ORDER BY n.sequence, n.hash) AS last_hash
  FROM records AS n
  WHERE n.sequence IS NOT NULL AND n.hash IS NOT NULL
),
hashes AS (
  SELECT DISTINCT r.log_source, r.hash
  FROM records AS r
  WHERE r.log_source IN (SELECT u.log_source FROM records AS u WHERE u.sequence IS NULL AND u.hash IS NOT NULL)
),
-- Records without numbers are held together by their hashes alone.
unnumbered AS (
  SELECT
    u.log_source, u.in_window, u.occurred_at, u.prev_hash, u.hash_holds, u.ref, p.hash AS found_hash,
    u.hash <> LAG(u.hash) OVER (
      PARTITION BY u.log_source, p.hash IS NULL ORDER BY u.occurred_at, u.hash
    ) AS starts_anew,
    u.hash <> LAG(u.hash) OVER (PARTITION BY u.log_source, u.prev_hash ORDER BY u.occurred_at, u.hash) AS is_twin
  FROM records AS u
  LEFT JOIN hashes AS p ON p.log_source = u.log_source AND p.hash = u.prev_hash
  WHERE u.sequence IS NULL AND u.hash IS NOT NULL
),
linked AS (
  SELECT
    n.log_source, n.in_window, n.occurred_at, n.sequence, n.last_sequence, n.hash_holds, n.ref,
    CASE
      WHEN n.last_sequence IS NULL OR (n.sequence = n.last_sequence AND n.hash = n.last_hash) THEN 'linked'
      WHEN n.sequence = n.last_sequence THEN 'doubled'
      WHEN n.sequence > n.last_sequence + 1 THEN 'numbers_missing'
      WHEN n.prev_hash IS NULL THEN 'open'
      WHEN n.prev_hash <> n.last_hash THEN 'not_linked'
      ELSE 'linked'
    END AS link
  FROM numbered AS n
  UNION ALL
  SELECT
    u.log_source, u.in_window, u.occurred_at, NULL AS sequence, NULL AS last_sequence, u.hash_holds, u.ref,
    CASE
      WHEN u.is_twin AND u.prev_hash IS NOT NULL THEN 'forked'
      WHEN u.starts_anew AND u.prev_hash IS NOT NULL AND u.found_hash IS NULL THEN 'record_missing'
      WHEN u.is_twin THEN 'open'
      ELSE 'linked'
    END AS link
  FROM unnumbered AS u
)
SELECT
  l.log_source, l.in_window, l.occurred_at, l.sequence, l.last_sequence, l.hash_holds, l.link, l.ref,
  CASE WHEN l.link NOT IN ('linked', 'open') THEN l.ref END AS broken_ref
FROM linked AS l
UNION ALL
SELECT
  r.log_source, r.in_window, r.occurred_at, r.sequence, NULL AS last_sequence, NULL AS hash_holds, 'no_hash' AS link,
  r.ref, NULL AS broken_ref
FROM records AS r
WHERE r.hash IS NULL
