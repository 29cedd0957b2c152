package cachestore

import "github.com/mosparo/go-cluster/cache"

// KeyPatterns returns the patterns of all keys of prepared CSS, mosparo's and this
// package's. An adapter whose Clear is to remove them takes them in its option
// WithOwned.
func KeyPatterns() cache.KeyPatterns {
	return cache.KeyPatterns{"design_{uuid}_content", "design_{uuid}_hash", markPrefix + "{any}"}
}
