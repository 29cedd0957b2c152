-- A user of MySQL or MariaDB for the Go nodes, with no more rights than they need. Run it in
-- mosparo's database. The nodes get it from the environment, which wins over
-- env.mosparo.php: database_user=mosparo_node and database_password in
-- /etc/default/mosparo-node (chmod 600). "mosparoctl doctor grants" prints it for your names.
CREATE USER mosparo_node@'10.0.0.%' IDENTIFIED BY 'change-me-5';
-- The cleanup:
GRANT SELECT, INSERT, UPDATE, DELETE ON `cleanup_statistic` TO mosparo_node@'10.0.0.%';
GRANT SELECT, DELETE ON `day_statistic` TO mosparo_node@'10.0.0.%';
GRANT SELECT, DELETE ON `delay` TO mosparo_node@'10.0.0.%';
GRANT SELECT, DELETE ON `detection_result` TO mosparo_node@'10.0.0.%';
GRANT SELECT, DELETE ON `lockout` TO mosparo_node@'10.0.0.%';
GRANT SELECT, DELETE ON `partial_submission` TO mosparo_node@'10.0.0.%';
GRANT SELECT ON `project` TO mosparo_node@'10.0.0.%';
GRANT SELECT, DELETE ON `submission` TO mosparo_node@'10.0.0.%';
GRANT SELECT, UPDATE (last_submission_id), DELETE ON `submit_token` TO mosparo_node@'10.0.0.%';
GRANT SELECT ON `doctrine_migration_versions` TO mosparo_node@'10.0.0.%';
-- The designs, from which a node prepares CSS:
GRANT SELECT ON project_config_value TO mosparo_node@'10.0.0.%';
