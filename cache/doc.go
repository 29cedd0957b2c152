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
// [Observer] sees every operation, and the log of a pool hears of an outage
// once, not with every request. Values are written
// as PHP's serialize() writes them, which every PHP node reads, and read from
// that or igbinary.
//
// Keys that this module adds to mosparo's begin with mosparoGo; the packages
// that write them list them.
package cache
