// Package connect opens what a node's settings name: the shared cache ([Cache]),
// the locks ([Lock]) and, with the driver that the application links, the database
// ([Database]). [CleanupPolicy] hands on the settings of the cleanup. [Redis] and
// [Memcached] give the bare clients.
//
// It is the one package that imports all backends; programs that need a single
// one save their weight by calling its constructor themselves.
//
// Opening checks the settings and files (certificates, say) but sends
// nothing: whether a server can be reached is known at the first request, or
// from the Ping of the adapter. go-redis logs connections that fail and the
// changes of a Sentinel through one logger for the whole process, which writes to
// standard error: this package leaves it alone, and a program replaces it with a
// [RedisLogger].
package connect
