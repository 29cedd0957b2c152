package deploy_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
)

// host is a network namespace that stands for a balancer.
type host struct {
	*testing.T
	name string
}

// hosts makes two hosts with the addresses of the balancers on a wire between them.
func hosts(t *testing.T) (one, two host) {
	t.Helper()
	servers.Find(t, "ip", "iproute2")
	id := fmt.Sprintf("lb%d", rand.IntN(1e6))
	one, two = host{t, id + "a"}, host{t, id + "b"}
	for _, h := range []host{one, two} {
		if out, err := exec.Command("ip", "netns", "add", h.name).CombinedOutput(); err != nil {
			t.Skipf("skipped: needs the right to make network namespaces: %s", out)
		}
		t.Cleanup(func() { _ = exec.Command("ip", "netns", "delete", h.name).Run() })
		command(t, "ip", "-n", h.name, "link", "set", "lo", "up")
	}
	command(t, "ip", "link", "add", "eth0", "netns", one.name, "type", "veth", "peer", "name", "eth0", "netns", two.name)
	for h, address := range map[host]string{one: "10.0.0.2/24", two: "10.0.0.3/24"} {
		command(t, "ip", "-n", h.name, "address", "add", address, "dev", "eth0")
		command(t, "ip", "-n", h.name, "link", "set", "eth0", "up")
	}
	return one, two
}

// start starts a program on the host.
func (h host) start(binary, pkg string, args ...string) *servers.Process {
	h.Helper()
	servers.Find(h, binary, pkg)
	return servers.Program(h, "ip", "iproute2", func() error { return nil }, append([]string{"netns", "exec", h.name, binary}, args...)...)
}

// balancer starts an nginx that answers what keepalived asks.
func (h host) balancer() *servers.Process {
	h.Helper()
	dir := h.TempDir()
	file := filepath.Join(dir, "nginx.conf")
	require.NoError(h, os.WriteFile(file, []byte("daemon off; master_process off; pid "+dir+"/pid; events {} http { access_log off; client_body_temp_path "+dir+"; proxy_temp_path "+dir+
		"; fastcgi_temp_path "+dir+"; uwsgi_temp_path "+dir+"; scgi_temp_path "+dir+"; server { listen 80; return 200; } }"), 0o644))
	return h.start("nginx", "nginx", "-p", dir, "-e", "stderr", "-c", file)
}

// hasAddress reports whether the host has the address that the balancers share.
func (h host) hasAddress() bool {
	out, err := exec.Command("ip", "-n", h.name, "-oneline", "address", "show", "dev", "eth0").Output()
	return err == nil && strings.Contains(string(out), " 10.0.0.10/")
}

// The address that the balancers share moves when the balancer of a host does not answer,
// and when a host is gone.
func TestKeepalived_TheAddressMoves(t *testing.T) {
	if os.Getenv("MOSPARO_TEST_LONG") != "1" {
		t.Skip("long; runs with MOSPARO_TEST_LONG=1")
	}
	servers.Find(t, "curl", "curl")
	one, two := hosts(t)
	file, err := filepath.Abs("balancer/keepalived.conf")
	require.NoError(t, err)
	first := one.balancer()
	two.balancer()
	daemons := map[string]*servers.Process{}
	for id, h := range map[string]host{"lb1": one, "lb2": two} {
		dir := t.TempDir()
		daemons[id] = h.start("keepalived", "keepalived", "--dont-fork", "--log-console", "--config-id", id, "--use-file", file,
			"--pid", filepath.Join(dir, "pid"), "--vrrp_pid", filepath.Join(dir, "vrrp"))
	}
	isAt := func(h, other host) func() bool { return func() bool { return h.hasAddress() && !other.hasAddress() } }
	require.Eventually(t, isAt(one, two), patience, poll, "at the first one")
	first.Kill()
	require.Eventually(t, isAt(two, one), patience, poll, "at the second one, whose balancer answers")
	first.Restart()
	require.Eventually(t, isAt(one, two), patience, poll, "back at the first one")
	daemons["lb1"].Kill()
	require.Eventually(t, two.hasAddress, patience, poll, "at the second one, which hears nothing from the first one")
}
