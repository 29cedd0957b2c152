// Package envconfig reads the settings of a mosparo node from the same
// variables and files as a PHP node, and explains them; it connects to
// nothing and does not promise that what it names can be reached.
//
// [Load] reads mosparo's directory (.env files, the environment and
// config/env.mosparo.php, in Symfony's order), [FromEnviron] the environment
// alone. Every setting is a [Value] that knows where it came from and what an
// operator should be warned of. Where PHP does something unexpected with a
// value, this package does the same and says so, since both kinds of nodes
// must end on the same server.
//
// Secrets are of the type [dsn.Secret], which cannot be printed by accident; no
// error and no warning contains one.
//
// The package connect opens what the settings name.
package envconfig
