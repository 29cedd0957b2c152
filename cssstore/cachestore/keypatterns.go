package cachestore

import "github.com/mosparo/go-cluster/cache"

// KeyPatterns returns the patterns of the keys under which mosparo and this
// package keep prepared CSS in the shared cache, for the option WithOwned of an
// adapter.
func KeyPatterns() cache.KeyPatterns {
	return cache.KeyPatterns{"design_{uuid}_content", "design_{uuid}_hash", markPrefix + "{any}"}
}
