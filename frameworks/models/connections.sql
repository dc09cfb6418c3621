-- One end of a link between agents, or one MCP server of an agent.
-- actor_id text: Actor.
-- kind text: link | mcp_server.
-- name text: What is connected.
-- ref text: file#record.
-- view
SELECT actor_id, 'link' AS kind, actor_id || ' -> ' || peer_id AS name, ref
FROM links

UNION ALL

SELECT peer_id, 'link', actor_id || ' -> ' || peer_id, ref
FROM links
WHERE peer_id <> actor_id

UNION ALL

SELECT actor_id, 'mcp_server', coalesce(name, component_id), ref
FROM components
WHERE type = 'mcp_server'
