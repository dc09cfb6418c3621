-- One log whose storage or delivery somebody changed in the period, as a log of the cloud shows: from then on it is not
-- known to be whole.
-- log_source text: Log.
-- ref text: file#record of the first such change.
SELECT c.actor_id AS log_source, arg_min(c.ref, moment(c.effective_at, c.ref)) AS ref
FROM changes AS c
CROSS JOIN run AS r
WHERE c.field = 'log_store' AND c.effective_at >= r.period_from AND c.effective_at < r.period_to
GROUP BY c.actor_id
