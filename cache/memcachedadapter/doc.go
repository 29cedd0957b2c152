// Package memcachedadapter provides a [cache.Adapter] over memcached in the layout
// of Symfony's MemcachedAdapter, so that Go and PHP nodes share entries: the
// same server for a key (libmemcached's ketama), the same key behind the same
// namespace version, the same flags and compression. It does not promise to
// keep anything: memcached evicts entries whenever it needs their memory, and
// forgets all of them when it restarts.
//
// # Namespace version
//
// All nodes put one version before every key. It is an entry like any other,
// so that another node may change it (clearing a cache does) and the server
// may drop it at any time. A node that finds none makes one; Go nodes that do
// so at the same time all end with the same. An adapter reads a version older than
// one second again, and uses none older than two seconds unless its server is down:
// so it may use an outdated version for two seconds plus one reply. (A PHP process
// keeps a version until its request ends.)
//
// While the server that holds the version cannot be reached, the last known
// one stays in use, so that the keys of the other servers can be read; an
// adapter that never knew one fails. PHP nodes then use "1:" until the server
// is back. flush_all is never sent, since it hits other applications on the
// server.
//
// # Servers that are down
//
// A server that cannot be reached, or does not answer in time, fails its own
// keys and no others: a Get of several keys returns what the other servers
// have, with an error that names the rest. For one second requests for its keys
// fail immediately; then one request at a time tries the server. No other server
// takes over the keys, as none does for PHP.
//
// # What is trusted
//
// The server's protocol is trusted, as that of a database is; the keys and
// values in it are not. An answer for another key than the one asked for is
// [cache.ErrUnavailable]. The size of a value is checked when it has been read:
// the servers' own limit for an item (-I) bounds what that takes.
//
// # Time
//
// The client library knows no contexts. A context that has ended keeps a
// request from being sent; one that ends later is noticed after the client's
// Timeout at the latest (see [ClientOptions]), which bounds connecting and each part of a
// reply. A request whose connection turns out to be lost is sent a second
// time.
package memcachedadapter
