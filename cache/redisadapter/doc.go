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
// go-redis takes memory for whatever a reply claims; put [LimitReplies] around
// its connections where the server or the way to it is not to be trusted.
//
// Every error is returned. Beside that go-redis writes lines of its own to
// standard error, for connections that fail above all; redis.SetLogger
// replaces its logger.
package redisadapter
