package cleanup

import (
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup/internal/runhistory"
	"github.com/mosparo/go-cluster/cleanup/internal/runrecord"
)

// mosparo's keys in the shared cache. None has a lifetime; a value that is not
// set is absent or a stored null.
const (
	NextCleanup       cache.Key[time.Time] = "mosparoNextCleanup"
	AdditionalCleanup cache.Key[time.Time] = "mosparoAdditionalCleanup"
	CleanupStartedAt  cache.Key[time.Time] = "mosparoCleanupStartedAt"
)

// LockName is the name of the lock under which Go nodes clean.
const LockName = "mosparo/cleanup"

// KeyPatterns returns the patterns of the keys that this package and mosparo's
// own cleanup write to the shared cache, for the WithOwned of an adapter.
func KeyPatterns() cache.KeyPatterns {
	return cache.KeyPatterns{
		string(NextCleanup), string(AdditionalCleanup), string(CleanupStartedAt),
		string(runrecord.Key), string(runhistory.Key), string(pauseKey),
	}
}
