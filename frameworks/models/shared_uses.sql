-- One kind of use in the period, by an agent of the register that the log names. It is of an identity that other such agents
-- use too, or of a credential that only others hold. One fact, whatever it is seen by: IDN-03 and CRD-02 count it, AUD-01 does
-- not.
-- agent_id text: Agent.
-- principal_id text: Identity that several agents use; empty: only the credential is another's.
-- credential_id text: Credential used.
-- log_source text: Log that shows it.
-- first_ref text: file#record of the first.
-- of events
WITH named AS (
  SELECT
    agent_id,
    CASE WHEN NOT principal_is_intermediary THEN principal_id END AS principal_id,
    CASE WHEN NOT credential_is_intermediary THEN credential_id END AS credential_id,
    log_source,
    first_ref
  FROM activity
  WHERE in_window AND registered AND agent_kind = 'agent' AND resolved_by = 'id' AND outcome <> 'denied'
),

shared AS (
  SELECT principal_id
  FROM named
  WHERE principal_id IS NOT NULL
  GROUP BY principal_id
  HAVING count(DISTINCT agent_id) > 1
)

SELECT DISTINCT
  n.agent_id,
  s.principal_id,
  n.credential_id,
  n.log_source,
  n.first_ref
FROM named AS n
LEFT JOIN shared AS s ON s.principal_id = n.principal_id
WHERE s.principal_id IS NOT NULL
  OR (
    n.credential_id IN (SELECT credential_id FROM key_holders)
    AND NOT EXISTS (SELECT 1 FROM key_holders AS k WHERE k.credential_id = n.credential_id AND k.agent_id = n.agent_id)
  )
