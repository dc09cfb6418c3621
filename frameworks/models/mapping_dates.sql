-- One actor whose rights were mapped to risk categories, and when. May be read where the absence of a date is no gap.
-- actor_id text: Actor.
-- mapped_at time: When its rights were mapped.
-- view
SELECT actor_id, risk_mapped_at AS mapped_at
FROM actors
WHERE risk_mapped_at IS NOT NULL
