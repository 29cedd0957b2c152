// Package cache reads and writes the shared cache of a mosparo cluster, byte
// for byte as PHP nodes with Symfony Cache do. It does not promise to keep
// anything: a cache may forget every entry at any time.
//
// An [Adapter] talks to one kind of server; a [Pool] over it knows PHP values,
// limits and keys; a [Key] names one entry with the Go type of its value:
//
//	const NextCleanup cache.Key[time.Time] = "mosparoNextCleanup"
//	next, err := NextCleanup.Get(ctx, pool)
//
// [Read] and [Write] take several keys in one round trip, and [Key.Fetch] loads
// what the cache does not have, once for all callers of a process. An
// [Observer] sees every operation. Outages are logged once when they begin and
// once when they end, not with every request. Values are written as PHP's
// serialize() writes them, which every PHP node reads, and read from that or
// igbinary.
//
// Package cleanup declares mosparo's keys of the schedule, and cssstore/cachestore
// keeps the prepared CSS under mosparo's. Keys that this module adds begin with
// mosparoGo; the packages that write them list them and export their
// [KeyPatterns], which tell an adapter what Clear removes. An adapter opened by
// envconfig/connect owns all of these and every other key that begins with
// mosparoGo, except those of locks: give your keys this prefix if Clear should remove
// them.
//
// # Guarantees and limits
//
// No backend is durable. A reader sees the value before a Set or the one after it,
// never a mixture. Beyond that:
//
//	redisadapter
//	    shared by     all processes; PHP's RedisAdapter
//	    Get           one round trip; on a cluster one for each master
//	    Set           of several items: all or none; on a cluster, or behind
//	                  twemproxy, each on its own
//	    lifetimes     rounded up to whole seconds
//	    value         512 MiB, which is Redis' own limit
//	    lost with     eviction, flush, restart without persistence, failover
//	                  before replication
//	    abilities     Clearer, Expirer, Lister, Pinger
//
//	memcachedadapter
//	    shared by     all processes; PHP's MemcachedAdapter
//	    Get           one round trip for each server
//	    Set           each item on its own
//	    lifetimes     rounded up to whole seconds; memcached may end them up to
//	                  two seconds early, and all of them in January 2038
//	    value         just below 1 MiB, the server's item limit (WithItemLimit)
//	    lost with     eviction, flush, restart, another version of the namespace
//	    abilities     Clearer, Lister (needs lru_crawler), Pinger
//
//	fileadapter
//	    shared by     the processes that reach the directory, also on NFS;
//	                  PHP's FilesystemAdapter
//	    Get           one file for each key
//	    Set           each item on its own, all of them one right after the other
//	    lifetimes     end at the first full second that gives an entry its TTL
//	    value         16 MiB (WithMaxValueSize)
//	    lost with     removal of the files, power cut
//	    abilities     Clearer, Expirer, Lister, Pinger, Pruner
//
//	memoryadapter
//	    shared by     one process
//	    Get           a snapshot of all keys
//	    Set           all items or none
//	    lifetimes     exact
//	    value         no limit (WithMaxValueSize)
//	    lost with     the process
//	    abilities     Clearer, Expirer, Lister, Pinger, Pruner
//
// A [Pool] reads and writes values of 16 MiB at most unless [WithMaxValueSize] says
// otherwise. Keys are those of PSR-6: not empty, and without {}()/\@: in them.
//
// What the author of an [Adapter] needs is in package adapterkit.
//
// A node's tests take the adapter of cachetest.NewFake: a cache in memory that
// fails, delays, drops and forgets when told to, in testing/synctest bubbles.
package cache
