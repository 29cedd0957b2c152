// Package mysqlconnector connects to a MySQL or MariaDB with
// github.com/go-sql-driver/mysql. It is a package of its own, since only it links
// that driver.
//
// What the driver logs goes to the node's logger; by itself the driver writes to
// standard error. The TLS of the settings is used without a name in the driver's
// global register.
package mysqlconnector
