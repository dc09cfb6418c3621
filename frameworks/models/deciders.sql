-- One actor of a list, as recorded there, for the decisions or subjects that are theirs.
-- decider_id text: Id of the actor.
-- kind text: As in actors.
-- state text: State, as the list has it.
-- state_since time: When the actor entered that state.
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
