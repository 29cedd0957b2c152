package connect

import (
	"slices"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cssstore/cachestore"
	"github.com/mosparo/go-cluster/lock"
)

// KeyPatterns returns the patterns of all keys that mosparo and this module write to the
// shared cache: those of packages cleanup and cachestore, mosparo's rule items, and
// mosparoGo…, the prefix for entries of applications. They exclude the records and
// fences of locks: clearing a cache must neither take a lease from its holder nor restart
// a fence. [Cache] passes them to the adapter that it opens.
func KeyPatterns() cache.KeyPatterns {
	return slices.Concat(cleanup.KeyPatterns(), cachestore.KeyPatterns(), cache.KeyPatterns{
		"p{int}rc_{hex32}", // mosparo's rule items: project id, hash of the field value
		"mosparoGo{any}",
		"{not}" + lock.KeyPrefix + "{any}",
	})
}
