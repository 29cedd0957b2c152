// Package redisadapter gives a [cache.Adapter] over Redis (one server, behind
// Sentinel, or a cluster) in the layout of Symfony's RedisAdapter, so that Go
// and PHP nodes share entries. It does not promise durability: the server may
// evict, be flushed by a stranger, or lose writes in a failover.
//
// The client is the user's own: [New] takes what redis.NewUniversalClient or
// one of its siblings made. Set ContextTimeoutEnabled in its options, or
// go-redis ignores the deadline of a context once a request has been sent and
// waits for its own ReadTimeout (3 s by default, and for reads again for each of
// MaxRetries; a write is sent once). While a master is replaced, calls fail with
// [cache.ErrUnavailable] or [cache.ErrReadOnly], each within its deadline, and
// then succeed again by themselves. Any maxmemory-policy works; a Redis that
// holds locks too wants noeviction, as package redislocker says.
//
// The server's protocol is trusted, as that of a database is; the keys and
// values in it are not. go-redis takes as much memory as a reply announces,
// and panics at announcements that make no sense: with one server, or behind
// Sentinel, a call that meets such a reply returns [cache.ErrUnavailable]. On a
// cluster go-redis reads the replies of several commands, and the map of the
// cluster, on goroutines of its own, where its panic ends the process.
//
// Every error is returned. Beside that go-redis writes lines of its own to
// standard error, for connections that fail above all; redis.SetLogger
// replaces its logger.
package redisadapter
