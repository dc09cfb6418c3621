-- One kind of act in the period, and how well its events tie it to one agent; empty: it is no agent's. What contradicts
-- itself because agents share an identity or a credential is shared: IDN-03 and CRD-02 count that. What was done under an
-- identity that several agents declare is done by one of them, whatever else a list calls that identity.
-- part
WITH marked AS (
  SELECT
    x.log_source,
    x.agent_id,
    x.agent_kind,
    COALESCE(x.actor_id, x.agent_id) AS named,
    x.n_events,
    x.first_at,
    x.first_ref,
    CASE
      WHEN x.agent_kind = 'agent' OR x.actor_kind = 'agent' OR i.identity_id IS NOT NULL THEN CASE
        WHEN x.conflict AND s.first_ref IS NOT NULL THEN 'shared'
        WHEN x.conflict THEN 'conflict'
        WHEN i.identity_id IS NOT NULL THEN 'several'
        WHEN x.resolved_by = 'none' AND COALESCE(x.actor_id, x.agent_id) IS NULL THEN 'nobody'
        WHEN x.resolved_by = 'none' THEN 'stranger'
        WHEN x.actor_id IS NULL AND x.resolved_by <> 'id'
          AND (x.principal_is_intermediary OR x.credential_is_intermediary) THEN 'relayed'
        WHEN x.resolved_by <> 'id' AND x.actor_id IS NOT NULL THEN 'misnamed'
        WHEN x.agent_kind <> 'agent' THEN 'disputed'
        ELSE 'clear'
      END
      WHEN x.agent_kind IS NULL OR (NOT x.registered AND x.tool IS NOT NULL) THEN 'no_kind'
    END AS mark
  FROM activity AS x
  LEFT JOIN (
    SELECT DISTINCT u.agent_id, u.log_source, u.first_ref FROM shared_uses AS u
  ) AS s ON s.agent_id = x.agent_id AND s.log_source = x.log_source AND s.first_ref = x.first_ref
  LEFT JOIN (
    SELECT DISTINCT d.identity_id FROM shared_identities AS d
  ) AS i ON i.identity_id = x.agent_id AND NOT x.principal_is_intermediary
    -- The log itself names the agent, or a person; a directory may say that it is a person's identity.
    AND (x.resolved_by <> 'id' OR x.agent_kind <> 'agent')
    AND COALESCE(x.actor_kind, '') <> 'human' AND x.agent_kind NOT IN ('human', 'group')
  WHERE x.in_window
)
SELECT
  m.log_source,
  m.agent_id,
  m.agent_kind,
  m.named,
  m.n_events,
  m.mark,
  m.mark IN ('nobody', 'several', 'stranger', 'relayed', 'misnamed') AS loose,
  moment(m.first_at, m.first_ref) AS place,
  m.first_ref
FROM marked AS m
