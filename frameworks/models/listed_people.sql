-- How many people the lists name.
-- part
SELECT COUNT(*) AS n_people
FROM deciders AS d
WHERE d.kind = 'human'
