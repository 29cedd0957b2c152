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
		GracePeriod:          c.GracePeriod,
		SubmitTokenRetention: c.TokenRetention,
		SubmissionRetention:  c.SubmissionRetention,
		ProcessInterval:      c.ProcessInterval,
		UnfinishedInterval:   c.UnfinishedInterval,
	}
}
