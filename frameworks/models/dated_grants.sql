-- One right, and since when it is granted. May be read where the absence of a date is no gap.
-- actor_id text: Actor.
-- type text: As in grants.
-- name text: As in grants.
-- like_pattern text: As in grants.
-- purpose text: As in grants.
-- privileged flag: As in grants.
-- granted_at time: When it was granted; empty: not recorded.
-- expires_at time: When it ends.
-- ref text: file#record.
-- view
SELECT actor_id, type, name, like_pattern, purpose, privileged, granted_at, expires_at, ref
FROM grants
