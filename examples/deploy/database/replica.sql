-- On the first server:
--   CREATE USER replica@'10.0.0.%' IDENTIFIED BY 'change-me-4';
--   GRANT REPLICATION SLAVE ON *.* TO replica@'10.0.0.%';
-- On the second one, with a copy of the data (mariadb-backup), this:
CHANGE MASTER TO MASTER_HOST = '10.0.0.41', MASTER_PORT = 3306, MASTER_USER = 'replica', MASTER_PASSWORD = 'change-me-4', MASTER_USE_GTID = slave_pos;
START SLAVE;
-- To make it take over, once the first one is off:
--   STOP SLAVE; RESET SLAVE ALL; SET GLOBAL read_only = OFF;
