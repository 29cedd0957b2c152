// Package projectdb reads projects, their design settings and their hashes from
// mosparo's own tables on MySQL or MariaDB, PostgreSQL and SQLite.
//
//	db := projectdb.New(sqlDB, sqlcleaner.MySQL)
//	projects, err := db.Projects(ctx)
//
// A [DB] is what the other packages take: the list of projects of csshttp, the settings
// of cssgen, and, with its method UUIDs, the list of package mirror.
//
// # Tables
//
// These are the tables and columns of mosparo 1.5: project with id, uuid and name;
// project_config_value with id, project_id, name and value, which is serialize() of
// PHP. Reading needs SELECT on both tables. [DB.SaveHash], the only method that writes,
// also needs UPDATE on the column value:
//
//	GRANT SELECT ON project, project_config_value TO …
//	GRANT UPDATE (value) ON project_config_value TO …
//
// # Limits
//
// A result may be out of date when it is returned. On a Galera cluster or a replica it
// may be older still: a design that was saved on one node is read from another a moment
// later. Package csshttp tolerates that and reads again; PHP nodes read in the same way.
// To read only what is current on Galera, at the cost of a wait in every statement, set
// wsrep_sync_wait=1 in the DSN of the MySQL driver.
package projectdb
