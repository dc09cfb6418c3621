-- One actor of a list, as he stands there for what he decided or answers for.
-- decider_id text: His id.
-- kind text: As in actors.
-- state text: State, as the list has it.
-- state_since time: When he entered that state.
-- first_day time: First day.
-- last_day time: Last day.
SELECT
  actor_id AS decider_id,
  kind,
  state,
  state_since,
  activated_at AS first_day,
  retired_at AS last_day
FROM actors
