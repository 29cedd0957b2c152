// Package envconfig reads the settings of a mosparo node from the same
// variables and files as a PHP node, and explains them.
//
// [Load] reads mosparo's directory (.env files, the environment and
// config/env.mosparo.php, in Symfony's order), [FromEnviron] the environment
// alone. Both return [Settings], plain values for a program;
// [Settings.Variable] tells where a value came from and what its operator should
// be warned of, and [Settings.Variables] lists all of mosparo's settings, also
// those that only PHP nodes use.
//
// Where PHP does something unexpected with a value, this package does the same
// and adds a warning: both kinds of nodes must end on the same server.
//
// Secrets are of the type [dsn.Secret], which cannot be printed by accident; no
// error and no warning contains one.
//
// The package connects to nothing and does not promise that what a setting names
// can be reached; package connect opens it. Packages dsn and dotenv can be used
// alone.
package envconfig
