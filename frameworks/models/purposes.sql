-- One agent that is active, or of which no state is recorded: its purpose on one line, how many words that has, and
-- the process that it serves.
-- part
WITH told AS (
  SELECT
    a.actor_id,
    -- Line breaks and runs of blanks become one blank, so that blanks count words.
    TRIM(REPLACE(REPLACE(REPLACE(REPLACE(a.purpose, '
', ' '), ' ', ' ~'), '~ ', ''), '~', '')) AS purpose,
    a.process_id,
    a.ref
  FROM agents AS a
  WHERE a.state IS NULL OR a.state = 'active'
)

SELECT
  t.actor_id,
  t.purpose,
  LENGTH(t.purpose) - LENGTH(REPLACE(t.purpose, ' ', '')) + 1 AS n_words,
  t.process_id,
  t.ref
FROM told AS t
