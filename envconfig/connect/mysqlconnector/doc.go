// Package mysqlconnector connects package connect to MySQL and MariaDB by the driver
// github.com/go-sql-driver/mysql, which only this package links.
//
//	db, driver, err := connect.Database(settings, mysqlconnector.New)
//
// The messages of the driver go to the node's logger, not to standard error. TLS of the
// settings needs no name in the driver's global register.
package mysqlconnector
