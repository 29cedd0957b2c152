package connect

import (
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/envconfig"
)

// CleanupPolicy converts the settings of the cleanup for package cleanup. The policy is
// valid: as in mosparo, a value outside its range is replaced by the default, with a
// warning in [envconfig.Settings.Warnings].
func CleanupPolicy(s *envconfig.Settings) cleanup.Policy {
	panicIfNil(s == nil, "CleanupPolicy", "s")
	c := s.Cleanup
	return cleanup.Policy{
		GracePeriod:          c.GracePeriod,
		SubmitTokenRetention: c.TokenRetention,
		SubmissionRetention:  c.SubmissionRetention,
		ProcessInterval:      c.ProcessInterval,
		UnfinishedInterval:   c.UnfinishedInterval,
	}
}
