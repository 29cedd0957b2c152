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
// What the author of an [Adapter] needs is in package adapterkit.
//
// A node's tests take the adapter of cachetest.NewFake: a cache in memory that
// fails, delays, drops and forgets when told to, in testing/synctest bubbles.
package cache
