-- One environment of which a record of an actor tells, or that a credential serves in the period; one row of none
-- where some record tells none.
-- part
SELECT a.environment
FROM actors AS a

UNION

SELECT k.environment
FROM key_environments AS k
