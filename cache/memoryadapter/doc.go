// Package memoryadapter provides a [cache.Adapter] in the memory of one process:
// the reference for all adapters, and the fake for tests. No other process, PHP
// or Go, sees its entries, so it is no cache of a cluster.
//
// Lifetimes are exact and follow [time.Now], hence the virtual time inside a
// testing/synctest bubble. For faults (errors, delays, lost writes) wrap it
// with cachetest.NewFaulty.
package memoryadapter
