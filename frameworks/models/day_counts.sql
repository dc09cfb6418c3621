-- One count of an agent's day: its actions, or those of them that were denied.
-- part
SELECT d.agent_id, d.day, 'actions' AS measure, d.n_events AS n
FROM daily_activity AS d
UNION ALL
SELECT d.agent_id, d.day, 'denied' AS measure, d.n_denied AS n
FROM daily_activity AS d
