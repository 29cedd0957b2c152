// Package dsn reads the addresses in a mosparo node's settings as PHP reads
// them: those of Redis and memcached as Symfony 6.4 and PHP's extensions do
// ([ParseRedis], [ParseMemcached]), that of the database as Doctrine does. It
// connects to nothing; envconfig/connect does, with the plain data from here.
//
// Where PHP does something unexpected with an address, this package does the
// same and adds a warning: both kinds of nodes must end on the same server. The
// tests compare it with Symfony's own cases and with a running PHP.
//
// Passwords are of the type [Secret], which cannot be printed by accident; no
// error, warning or [Description] holds one.
//
// What PHP can use and this module cannot (RedisArray, SASL, some of
// libmemcached's distributions) is read all the same; Supported then returns an
// error that unwraps to [errors.ErrUnsupported].
package dsn
