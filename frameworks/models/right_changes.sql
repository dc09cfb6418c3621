-- One actor whose rights were changed or taken away, so that what it holds now may not be what it held before.
-- actor_id text: Actor.
-- last_at time: When that was last done; where no time is recorded, the time of the report.
-- step
SELECT actor_id, max(coalesce(effective_at, as_of())) AS last_at
FROM changes
WHERE kind_of_change(field) = 'entitlement' AND old_value <> ''
GROUP BY actor_id
