// Package sqlcleaner cleans mosparo's own tables and writes mosparo's cleanup
// statistics, over database/sql, on SQLite, MySQL/MariaDB and PostgreSQL. It
// opens no database, links no driver and takes no locks beyond those of its
// transactions: package cleanup decides when it runs.
package sqlcleaner
