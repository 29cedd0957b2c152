package connect_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
)

func TestCleanupPolicy_HasTheNumbersOfTheVariables(t *testing.T) {
	s, err := envconfig.FromEnviron([]string{
		"MOSPARO_CLEANUP_GRACE_PERIOD_ENABLED=1",
		"MOSPARO_SUBMIT_TOKEN_RETENTION_PERIOD=5",
		"MOSPARO_SUBMISSION_RETENTION_PERIOD=3",
		"MOSPARO_CLEANUP_PROCESS_INTERVAL=2",
		"MOSPARO_CLEANUP_UNFINISHED_INTERVAL=45",
	})
	require.NoError(t, err)
	require.Equal(t, cleanup.Policy{
		GracePeriod: true, SubmitTokenRetention: 5, SubmissionRetention: 3, ProcessInterval: 2, UnfinishedInterval: 45,
	}, connect.CleanupPolicy(s))

	s, err = envconfig.FromEnviron([]string{"MOSPARO_CLEANUP_PROCESS_INTERVAL=25"})
	require.NoError(t, err)
	require.Equal(t, cleanup.Policy{SubmitTokenRetention: 24, SubmissionRetention: 14, ProcessInterval: 6, UnfinishedInterval: 10}, connect.CleanupPolicy(s))
}
