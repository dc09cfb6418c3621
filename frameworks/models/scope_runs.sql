-- One run of a purpose (or an agent) for which a scope was approved: by clean runs, or by rights bound to it.
-- agent_id text: Agent.
-- purpose text: Workflow, task or process; empty: the log names none.
-- session_id text: Run.
-- n_clean_runs int: Approved runs that the scope is based on; 0: on rights only.
-- n_deviations int: Uses outside the scope that change something.
-- n_new_reads int: Uses outside the scope that only read.
-- first_kind text: tool | destination: of the first of them, changing ones first.
-- first_name text: Its name.
-- first_tool text: Of a destination, the tool that reached it.
-- ref text: file#record of that.
-- first_at time: First call; empty: the log has no times.
-- of events
-- as in events
WITH counted AS (
  SELECT
    agent_id,
    purpose,
    session_id,
    count(CASE WHEN changes THEN 1 END) AS n_changing,
    count(CASE WHEN NOT changes THEN 1 END) AS n_reading,
    arg_min(kind, (NOT changes, ref, kind, name)) AS first_kind,
    arg_min(name, (NOT changes, ref, kind, name)) AS first_name,
    arg_min(
      CASE WHEN kind = 'destination' THEN tool ELSE '' END, (NOT changes, ref, kind, name)
    ) AS first_tool,
    arg_min(ref, (NOT changes, ref, kind, name)) AS ref
  FROM deviations
  GROUP BY agent_id, purpose, session_id
)

SELECT
  r.agent_id,
  r.purpose,
  r.session_id,
  max(r.n_clean) AS n_clean_runs,
  max(coalesce(d.n_changing, 0)) AS n_deviations,
  max(coalesce(d.n_reading, 0)) AS n_new_reads,
  any_value(d.first_kind) AS first_kind,
  any_value(d.first_name) AS first_name,
  nullif(any_value(d.first_tool), '') AS first_tool,
  any_value(d.ref) AS ref,
  min(r.occurred_at) AS first_at
FROM scoped_events AS r
LEFT JOIN counted AS d
  ON d.agent_id = r.agent_id AND d.purpose IS NOT DISTINCT FROM r.purpose AND d.session_id = r.session_id
GROUP BY r.agent_id, r.purpose, r.session_id
