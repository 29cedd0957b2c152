package cachestore

import "github.com/mosparo/go-cluster/cache"

// KeyPatterns returns the patterns of all keys of prepared CSS, mosparo's and this
// package's. Give them to the option WithOwned of an adapter whose Clear has to remove
// prepared CSS.
func KeyPatterns() cache.KeyPatterns {
	return cache.KeyPatterns{"design_{uuid}_content", "design_{uuid}_hash", markPrefix + "{any}"}
}
