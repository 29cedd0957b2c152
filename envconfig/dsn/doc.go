// Package dsn parses the addresses in a mosparo node's settings as PHP does: those of
// Redis and memcached as Symfony 6.4 and PHP's extensions do, that of the database as
// Doctrine does. It connects to nothing; package connect does.
//
//	d, err := dsn.ParseRedis("redis://node:secret@cache.example.com/2") // or ParseMemcached
//	err = d.Supported()                                                // an error if only PHP can use it
//	fmt.Println(d.Hosts, d.Database, d.Warnings)                       // [cache.example.com:6379] 2 []
//
// Where PHP interprets an address in an unexpected way, this package does the same and
// adds a warning: both kinds of nodes must reach the same server. The tests compare it
// with Symfony's own cases and with real PHP.
//
// Passwords have the type [Secret], which cannot be printed by accident. No error, warning
// or [Description] contains one.
//
// Addresses that PHP can use and this module cannot (RedisArray, SASL, some of
// libmemcached's distributions) are parsed as well. Their method Supported returns an
// error that unwraps to [errors.ErrUnsupported].
package dsn
