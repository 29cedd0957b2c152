// Package envconfig reads the settings of a mosparo node from the same variables and
// files as a PHP node, and explains them. It connects to nothing, so it does not promise
// that a server can be reached; package connect opens what the settings name.
//
//	settings, err := envconfig.Load("/path/to/mosparo", os.Environ())
//	fmt.Println(settings.Cache.Adapter, settings.Cleanup.ProcessInterval)
//	for v := range settings.Warnings() {
//		log.Print(v.Name, ": ", v.Warning)
//	}
//
// [Load] reads mosparo's directory: the .env files, the environment and
// config/env.mosparo.php, in Symfony's order. [FromEnviron] reads the environment alone.
// Both return [Settings], plain values for a program. [Settings.Variable] tells the source
// of a value and its warning; [Settings.Variables] lists all settings of mosparo, also
// those that only PHP nodes use.
//
// The database is that of the variables database_driver (pdo_mysql, pdo_pgsql or
// pdo_sqlite), database_host, database_port, database_name, database_user and
// database_password, or database_path for SQLite. Installation writes them to
// env.mosparo.php. mosparo has no setting DATABASE_URL. The command mosparoctl config (in
// examples) prints all settings with their sources and warnings.
//
// Where PHP interprets a value in an unexpected way, this package does the same and adds
// a warning: both kinds of nodes must reach the same server.
//
// Secrets have the type [dsn.Secret], which cannot be printed by accident. No error and no
// warning contains a secret.
//
// Package dsn (addresses of Redis, memcached and the database) and package dotenv
// (Symfony's .env files) can be used alone.
package envconfig
