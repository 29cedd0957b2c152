package shell_test

import (
	"os/signal"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/examples/internal/shell"
)

func TestStopSignals_LeavesAnIgnoredHangUpIgnored(t *testing.T) {
	signal.Reset(syscall.SIGHUP)
	require.Contains(t, shell.StopSignals(), syscall.SIGHUP)
	signal.Ignore(syscall.SIGHUP) // as nohup does
	defer signal.Reset(syscall.SIGHUP)
	require.NotContains(t, shell.StopSignals(), syscall.SIGHUP)
	require.Contains(t, shell.StopSignals(), syscall.SIGTERM)
}
