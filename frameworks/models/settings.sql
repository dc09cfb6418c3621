-- One setting of an actor that may also be read where its absence is no gap, as name and text; and each tool that can send outside.
-- actor_id text: Actor.
-- name text: Column, such as prompt_version or max_steps; outbound_tool.
-- value text: Its value; empty ones have no row.
-- ref text: file#record.
-- view
SELECT actor_id, name, value, ref
FROM (
  SELECT
    actor_id,
    ref,
    CAST(prompt_version AS VARCHAR) AS prompt_version,
    CAST(autonomy AS VARCHAR) AS autonomy,
    CAST(max_calls_per_minute AS VARCHAR) AS max_calls_per_minute,
    CAST(max_cost_per_day AS VARCHAR) AS max_cost_per_day,
    CAST(max_steps AS VARCHAR) AS max_steps,
    CAST(max_children AS VARCHAR) AS max_children,
    CAST(memory_scope AS VARCHAR) AS memory_scope,
    CAST(user_facing AS VARCHAR) AS user_facing,
    CAST(tools_listed AS VARCHAR) AS tools_listed,
    CAST(data_listed AS VARCHAR) AS data_listed,
    CAST(destinations_listed AS VARCHAR) AS destinations_listed
  FROM actors
) UNPIVOT (
  value FOR name IN (
    prompt_version, autonomy, max_calls_per_minute, max_cost_per_day, max_steps, max_children, memory_scope, user_facing,
    tools_listed, data_listed, destinations_listed
  )
)

UNION ALL

SELECT actor_id, 'outbound_tool', name, ref
FROM grants
WHERE outbound AND (expires_at IS NULL OR expires_at > (SELECT as_of FROM run))
