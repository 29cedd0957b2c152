// Package projectdb reads the projects of a mosparo with their design settings
// and the hash that mosparo stored for each, from mosparo's own tables on
// MySQL or MariaDB, PostgreSQL and SQLite. It sees what is stored at the moment
// of a call, promises nothing about the next moment, and writes nothing but,
// when asked, that hash.
//
// Tables and columns (mosparo 1.5): project with id and uuid;
// project_config_value with id, project_id, name and value, which is
// serialize() of PHP. To read, an account needs SELECT on both; to save a
// hash, UPDATE of the column value as well:
//
//	GRANT SELECT ON project, project_config_value TO …
//	GRANT UPDATE (value) ON project_config_value TO …
package projectdb
