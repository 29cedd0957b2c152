package servers_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
)

func TestProgram_WaitsUntilItIsReadyAndStartsAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ready")
	ready := func() error {
		b, err := os.ReadFile(file)
		if err == nil && string(b) != "yes\n" {
			err = errors.New("not yet")
		}
		return err
	}
	p := servers.Program(t, "sh", "dash", ready, "-c", `sleep 0.1; echo yes >"$0"; exec sleep 60`, file)
	require.NoError(t, ready())
	p.Stop()
	require.NoError(t, os.Remove(file))
	p.Restart()
	require.NoError(t, ready())
}

func TestFind_ReturnsThePath(t *testing.T) {
	require.True(t, filepath.IsAbs(servers.Find(t, "sh", "dash")))
}
