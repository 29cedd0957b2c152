package cleanup

import (
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup/internal/runhistory"
	"github.com/mosparo/go-cluster/cleanup/internal/runrecord"
)

// Names that the nodes of a cluster share.
const (
	// NextCleanup is mosparo's key of the schedule in the shared cache. Like the
	// next two it has no lifetime, and counts as not set if it is absent or a stored
	// null.
	NextCleanup cache.Key[time.Time] = "mosparoNextCleanup"
	// AdditionalCleanup is mosparo's key of the time at which an unfinished cleanup is
	// continued.
	AdditionalCleanup cache.Key[time.Time] = "mosparoAdditionalCleanup"
	// CleanupStartedAt is mosparo's key of the marker: when the run under way started,
	// or when its node, if that is a Go node, last renewed it.
	CleanupStartedAt cache.Key[time.Time] = "mosparoCleanupStartedAt"

	// LockName is the name of the lock under which Go nodes clean.
	LockName = "mosparo/cleanup"
)

// KeyPatterns returns the patterns of the keys that this package and mosparo's cleanup
// write to the shared cache, for the WithOwned option of an adapter.
func KeyPatterns() cache.KeyPatterns {
	return cache.KeyPatterns{
		string(NextCleanup), string(AdditionalCleanup), string(CleanupStartedAt),
		string(runrecord.Key), string(runhistory.Key), string(pauseKey),
	}
}
