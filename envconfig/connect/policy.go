package connect

import (
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/envconfig"
)

// CleanupPolicy returns the settings of the cleanup for package cleanup. They are
// valid: as in mosparo, a value outside its range counts as the default, and
// [envconfig.Settings.Warnings] has a warning of it.
func CleanupPolicy(s *envconfig.Settings) cleanup.Policy {
	needed(s == nil, "CleanupPolicy", "s")
	c := s.Cleanup
	return cleanup.Policy{
		GracePeriod:          c.GracePeriod.V,
		SubmitTokenRetention: c.TokenRetention.V,
		SubmissionRetention:  c.SubmissionRetention.V,
		ProcessInterval:      c.ProcessInterval.V,
		UnfinishedInterval:   c.UnfinishedInterval.V,
	}
}
