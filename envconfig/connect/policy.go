package connect

import (
	"time"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/envconfig"
)

// CleanupPolicy returns the settings of the cleanup in the form that package
// cleanup takes: numbers in mosparo's own units, hours, days and minutes.
func CleanupPolicy(s *envconfig.Settings) cleanup.Policy {
	needed(s == nil, "CleanupPolicy", "s")
	c := s.Cleanup
	return cleanup.Policy{
		GracePeriod:          c.GracePeriod,
		SubmitTokenRetention: int(c.TokenRetention / time.Hour),
		SubmissionRetention:  int(c.SubmissionRetention / (24 * time.Hour)),
		ProcessInterval:      int(c.ProcessInterval / time.Hour),
		UnfinishedInterval:   int(c.UnfinishedInterval / time.Minute),
	}
}
