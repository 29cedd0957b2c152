package deploy_test

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/envconfig/connect"
)

// units returns the shipped units.
func units(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob("systemd/mosparo-*")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	return names
}

func TestSystemd_UnitsAreValid(t *testing.T) {
	analyze := servers.Find(t, "systemd-analyze", "systemd")
	dir := t.TempDir()
	var paths []string
	for _, name := range units(t) {
		unit := strings.ReplaceAll(read(t, name), "/usr/bin/php", "/bin/true")
		for installed := range packages {
			unit = strings.ReplaceAll(unit, "/usr/local/bin/"+installed+" ", program(t, installed)+" ")
		}
		path := filepath.Join(dir, filepath.Base(name))
		require.NoError(t, os.WriteFile(path, []byte(unit), 0o644))
		paths = append(paths, path)
	}
	said := command(t, analyze, append([]string{"verify", "--man=no"}, paths...)...)
	for line := range strings.Lines(said) {
		require.NotContains(t, line, dir, "what it says of units of the system does not matter")
	}
}

// setting returns the value of a setting of a unit.
func setting(t *testing.T, unit, name string) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^` + name + `=(.*)$`).FindStringSubmatch(read(t, unit))
	require.NotNil(t, m, "%s: %s", unit, name)
	return m[1]
}

// The node serves on the socket of its unit, and tells systemd that it is ready.
func TestSystemd_NodeTakesTheSocket(t *testing.T) {
	activate := servers.Find(t, "systemd-socket-activate", "systemd")
	s := newSite(t)
	require.Equal(t, "8080", setting(t, "systemd/mosparo-node.socket", "ListenStream"))
	require.Equal(t, "notify", setting(t, "systemd/mosparo-node.service", "Type"))
	notified, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(s.dir, "notify"), Net: "unixgram"})
	require.NoError(t, err)
	defer notified.Close()
	t.Setenv("NOTIFY_SOCKET", filepath.Join(s.dir, "notify"))
	t.Setenv("MOSPARO_NODE_ARGS", "")
	start := replaceAll(t, setting(t, "systemd/mosparo-node.service", "ExecStart"),
		"/usr/local/bin/mosparo-node", program(t, "mosparo-node"), "/var/www/mosparo", mosparoDir(t, nil),
		"$MOSPARO_NODE_ARGS", "--admin off")
	address := s.addr(11, 8080)
	args := append([]string{"--listen", address, "-E", "NOTIFY_SOCKET"}, strings.Fields(start)...)
	node := servers.Program(t, activate, "systemd", func() error { return ready(address) }, args...)

	b := make([]byte, 100)
	require.NoError(t, notified.SetReadDeadline(time.Now().Add(patience)))
	n, err := notified.Read(b)
	require.NoError(t, err)
	require.Equal(t, "READY=1", string(b[:n]))
	node.Stop()
	n, err = notified.Read(b)
	require.NoError(t, err)
	require.Equal(t, "STOPPING=1", string(b[:n]))
}

// systemd waits for longer than a node takes to drain and to finish its requests.
func TestSystemd_StopTakesLongerThanTheDraining(t *testing.T) {
	seconds, err := time.ParseDuration(setting(t, "systemd/mosparo-node.service", "TimeoutStopSec") + "s")
	require.NoError(t, err)
	require.GreaterOrEqual(t, seconds, connect.DefaultDrain+finishing)
}

// finishing is how long a node may take after it has drained: 10 s for requests in flight,
// and some for closing.
const finishing = 15 * time.Second
