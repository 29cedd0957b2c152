package connect_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
)

func TestCleanupPolicy_HasTheValuesOfTheVariables(t *testing.T) {
	s, err := envconfig.FromEnviron([]string{
		"MOSPARO_CLEANUP_GRACE_PERIOD_ENABLED=1",
		"MOSPARO_SUBMIT_TOKEN_RETENTION_PERIOD=5",
		"MOSPARO_SUBMISSION_RETENTION_PERIOD=3",
		"MOSPARO_CLEANUP_PROCESS_INTERVAL=2",
		"MOSPARO_CLEANUP_UNFINISHED_INTERVAL=45",
	})
	require.NoError(t, err)
	require.Equal(t, cleanup.Policy{
		GracePeriod: true, SubmitTokenRetention: 5 * time.Hour, SubmissionRetention: 3 * 24 * time.Hour, ProcessInterval: 2 * time.Hour, UnfinishedInterval: 45 * time.Minute,
	}, connect.CleanupPolicy(s))

	s, err = envconfig.FromEnviron([]string{"MOSPARO_CLEANUP_PROCESS_INTERVAL=25"})
	require.NoError(t, err)
	require.Equal(t, cleanup.Policy{}.WithDefaults(), connect.CleanupPolicy(s))
	require.NoError(t, connect.CleanupPolicy(s).Validate())
	var warned []string
	for w := range s.Warnings() {
		warned = append(warned, w.Name)
	}
	require.Contains(t, warned, "MOSPARO_CLEANUP_PROCESS_INTERVAL")
}
