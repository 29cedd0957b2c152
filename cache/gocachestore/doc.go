// Package gocachestore joins this module's caches with eko/gocache, both ways:
// [New] makes a [cache.Adapter] a gocache store, so that gocache's chain,
// loadable, metric and marshaler caches work over the shared cache of a
// mosparo cluster, and [NewAdapter] makes any gocache store a [cache.Adapter].
// It does not promise more than the cache below: entries may go at any time.
//
// It imports gocache's store package alone; gocache's own cache types, which
// the application imports, link Prometheus.
//
// # Keys
//
// Entries have the prefix [DefaultPrefix], so that a gocache key can never
// change what PHP nodes read, and [Store.Clear] knows its own. With
// WithPrefix("") keys are those of PSR-6, and [WithPHPValues] makes the values
// PHP's: then a gocache cache reads and writes mosparo's own entries.
//
// # Tags
//
// gocache's own stores keep a list of keys for each tag, which loses keys when
// several writers change it at the same time. Here a tag has a random version instead:
// a tagged entry holds the versions that its tags had when it was written and
// counts only while they are the same, and to invalidate a tag is to delete
// its version. After a race, an expiry or an eviction an entry is a miss, never a
// stale hit: when several writers use a tag for the first time, the last one's
// version stands and the others' entries are misses. A tagged entry costs a second
// round trip to read or write, and no other does. As in all caches, what was
// computed from old data before an invalidation and is stored after it is not
// covered by it.
//
// Tagged entries are wrapped: programs that read the shared cache without this
// package, PHP nodes among them, take them for damaged.
package gocachestore
