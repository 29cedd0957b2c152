package shell_test

import (
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/examples/internal/shell"
)

func TestStopSignals_LeavesAnIgnoredHangUpIgnored(t *testing.T) {
	heed := make(chan os.Signal, 1)
	signal.Notify(heed, syscall.SIGHUP) // Reset alone leaves an ignored one ignored
	require.Contains(t, shell.StopSignals(), syscall.SIGHUP)
	signal.Ignore(syscall.SIGHUP) // as nohup does
	defer func() {
		signal.Notify(heed, syscall.SIGHUP)
		signal.Stop(heed)
	}()
	require.NotContains(t, shell.StopSignals(), syscall.SIGHUP)
	require.Contains(t, shell.StopSignals(), syscall.SIGTERM)
}
