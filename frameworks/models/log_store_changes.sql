-- One log whose storage or delivery somebody changed in the period, as a log of the cloud shows: from then on it is not
-- known to be whole. Such a change names the log, or the place where it lies.
-- log_source text: Log.
-- ref text: file#record of the first such change.
SELECT coalesce(s.log_source, c.actor_id) AS log_source, arg_min(c.ref, moment(c.effective_at, c.ref)) AS ref
FROM changes AS c
CROSS JOIN run AS r
LEFT JOIN log_stores AS s ON s.place = c.actor_id
WHERE c.field = 'log_store' AND c.effective_at >= r.period_from AND c.effective_at < r.period_to
GROUP BY coalesce(s.log_source, c.actor_id)
