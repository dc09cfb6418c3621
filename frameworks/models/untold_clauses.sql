-- One policy of a source that tells the clauses of none: what it lacks is not known.
-- ref text: Its record.
SELECT DISTINCT i.file || '#' || CAST(i.record AS VARCHAR) AS ref
FROM in_policies AS i
WHERE i.source NOT IN (SELECT c.source FROM carried AS c WHERE c.tbl = 'policies' AND c.col = 'clauses')
