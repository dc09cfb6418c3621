-- One approval that a refusal ended or may have ended. A refusal that tells no time of day holds at the latest from the end
-- of its day. Where one id was approved and refused at one time, which of the two holds is not known.
-- row_id int: Row of approvals.
-- ended_at time: Since when a refusal of the same id surely ends it; empty: none does.
-- doubted_at time: Since when a refusal of the same id may end it.
-- refused_anew_at time: Since when another request for the same thing is refused.
WITH pairs AS (
  SELECT
    p.row_id,
    o.approval_id = p.approval_id AS is_same_id,
    is_before(p.granted_at, o.granted_at) IS TRUE AS is_later,
    o.granted_at,
    CASE WHEN o.granted_at > CAST(o.granted_at AS DATE) THEN o.granted_at ELSE o.granted_at + INTERVAL 86399 SECOND END AS surely_at,
    coalesce(least(p.granted_at, o.granted_at), o.granted_at, p.granted_at) AS unsure_at
  FROM approvals AS p
  JOIN approvals AS o
    ON o.actor_id = p.actor_id
    AND (
      o.approval_id = p.approval_id
      OR (
        o.type = p.type AND o.scope = p.scope AND o.purpose IS NOT DISTINCT FROM p.purpose AND o.type <> 'action'
        AND o.max_uses IS NULL AND p.max_uses IS NULL
      )
    )
  WHERE p.decision IS DISTINCT FROM 'rejected' AND o.decision = 'rejected'
    AND is_before(o.granted_at, p.granted_at) IS NOT TRUE
),

ends AS (
  SELECT
    row_id,
    is_same_id,
    CASE WHEN is_later THEN surely_at END AS surely_at,
    -- What ends holds at that very moment; what was refused does not.
    CASE WHEN is_later THEN granted_at ELSE unsure_at END - INTERVAL 1 SECOND AS perhaps_at
  FROM pairs
)

SELECT
  CAST(row_id AS BIGINT) AS row_id,
  min(CASE WHEN is_same_id THEN surely_at END) AS ended_at,
  min(CASE WHEN is_same_id THEN perhaps_at END) AS doubted_at,
  min(CASE WHEN NOT is_same_id THEN perhaps_at END) AS refused_anew_at
FROM ends
GROUP BY row_id
