-- One kind of activity, as the log tells it.
-- scratch
SELECT
  e.who,
  e.kind,
  e.tool,
  e.purpose,
  e.in_window,
  count(*) AS n_events,
  min(e.stamp) AS first_stamp,
  max(e.stamp) AS last_stamp,
  count(e.action) AS n_action,
  count(e.resource) AS n_resource,
  count(e.session_id) AS n_session,
  count(e.approval_id) AS n_approval,
  count(e.decision) AS n_decision,
  -- Under a key that lives for hours. Readers leave its id out, for no list could hold it; the record had one.
  count(CASE WHEN e.credential_id IS NULL AND (e.auth_method = 'temporary_credential' OR e.session_id LIKE 'arn:%:sts::%')
    THEN 1 END) AS n_temporary,
  -- Signed with a lasting key, one by one: no session is opened that a record could name.
  count(CASE WHEN e.session_id IS NULL AND e.auth_method = 'access_key' THEN 1 END) AS n_sessionless
FROM dated_acts AS e
GROUP BY ALL
