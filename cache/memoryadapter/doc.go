// Package memoryadapter gives a [cache.Adapter] in the memory of one process:
// the reference for all adapters and the fake for tests. It is shared with no
// other process, PHP or Go, so that it is no cache of a cluster.
//
// Lifetimes are exact and follow [time.Now], hence the virtual time inside a
// testing/synctest bubble. For faults (errors, delays, lost writes) wrap it
// with cachetest.NewFaulty.
package memoryadapter
