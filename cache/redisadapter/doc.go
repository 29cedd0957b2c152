// Package redisadapter provides a [cache.Adapter] over Redis (one server, behind
// Sentinel, or a cluster) in the layout of Symfony's RedisAdapter, so that Go
// and PHP nodes share entries. It does not promise durability: the server may
// evict entries, be flushed by another application, or lose writes in a failover.
//
// The client is the user's own: [New] takes what redis.NewUniversalClient or
// one of its siblings made. While a master is replaced, calls fail with
// [cache.ErrUnavailable] or [cache.ErrReadOnly], each within its deadline, and
// then succeed again by themselves. These of its options matter:
//
//   - ContextTimeoutEnabled: true, or go-redis ignores the deadline of a context
//     once a request has been sent and waits for its ReadTimeout.
//   - DialTimeout, ReadTimeout, WriteTimeout (5 s each by default) and PoolTimeout:
//     2 s; DialerRetries (5 attempts): 1. A read is sent again for each of
//     MaxRetries (3); a write is sent once.
//   - ClusterStateReloadInterval: 3 s. By default go-redis reads the slot map of a
//     cluster every 60 s, and the slots of a master that has died fail until then.
//   - DisableIdentity: true, and [SkipHello], behind a proxy such as twemproxy,
//     which closes the connection at a command that it does not know. Clearing and
//     listing need SCAN, which twemproxy does not know either.
//   - MaintNotificationsConfig: mode disabled; Redis itself does not know what it
//     asks for.
//
// Any maxmemory-policy works; a Redis that holds locks too wants noeviction, as
// package redislocker says.
//
// The server's protocol is trusted, as that of a database is; the keys and
// values in it are not. go-redis allocates as much memory as a reply announces,
// up to the 512 MiB that Redis keeps in one value: limits of size, such as
// [cache.WithMaxValueSize], are checked when the value has been read. It panics
// at announcements that make no sense: with one server, or behind
// Sentinel, a call that meets such a reply returns [cache.ErrUnavailable]. On a
// cluster go-redis reads the replies of several commands, and the slot map, on
// goroutines of its own, where its panic ends the process.
//
// Every error is returned, and is one of package cache; for operators, "What
// can go wrong" in examples/deploy/README.md says what to do about them. Beside
// that go-redis writes lines of its own to standard error, for connections that
// fail above all; redis.SetLogger replaces its logger, which is one for the
// whole process, so that this package leaves it alone.
package redisadapter
