package cleanup

import "github.com/mosparo/go-cluster/cache"

// KeyPatterns returns the patterns of the keys that this package and mosparo's
// own cleanup write to the shared cache, for the WithOwned of an adapter.
func KeyPatterns() cache.KeyPatterns {
	return cache.KeyPatterns{
		string(NextCleanup), string(AdditionalCleanup), string(CleanupStartedAt),
		string(RunKey), string(HistoryKey), string(PauseKey),
	}
}
