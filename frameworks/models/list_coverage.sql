-- One row: how much of each list was provided, and how far the lists know each other's agents and holders of secrets.
-- part
SELECT
  SUM(l.n_register) AS n_register,
  SUM(l.n_directory) AS n_directory,
  SUM(l.n_secrets) AS n_secrets,
  SUM(l.n_keys) AS n_keys,
  COUNT(CASE WHEN l.is_agent = 1 AND l.n_register > 0 AND NOT is_idle(l.state) THEN 1 END) AS n_agents,
  COUNT(CASE WHEN l.is_agent = 1 AND l.n_register > 0 AND NOT is_idle(l.state) AND l.n_directory > 0 THEN 1 END)
    AS n_listed,
  COUNT(CASE WHEN l.n_secrets > 0 THEN 1 END) AS n_holders,
  COUNT(CASE WHEN l.n_secrets > 0 AND l.n_identity > 0 THEN 1 END) AS n_known,
  COUNT(CASE WHEN l.n_secrets > 0 AND l.is_agent = 1 THEN 1 END) AS n_agent_holders,
  COUNT(CASE WHEN l.n_secrets > 0 AND l.is_agent = 1 AND l.n_keys > 0 THEN 1 END) AS n_keyed
FROM listed_actors AS l
