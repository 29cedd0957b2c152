//go:build unix

package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/envconfig/health"
)

var rollingTime = flag.Duration("rolling.time", 0, "how long each arrangement of TestRolling is under load; 0 is its short form")

// balancer is a way to spread requests over nodes.
type balancer struct {
	name  string
	start func(t *testing.T, nodes []string, interval time.Duration) *servers.Process
	// alone: it loses nothing though the ports of the nodes close.
	alone bool
	// pause is for how long it asks no node again that has refused a connection.
	pause time.Duration
	// brief: it is in the short form, as it is not alone with socket activation, and as it
	// is alone without.
	brief bool
}

var balancers = []balancer{
	{"nginx, proxy_next_upstream off", func(t *testing.T, nodes []string, _ time.Duration) *servers.Process {
		return servers.Nginx(t, "", nodes...)
	}, false, 0, true},
	{"nginx, defaults", func(t *testing.T, nodes []string, _ time.Duration) *servers.Process {
		return servers.NginxRetrying(t, "", nodes...)
	}, true, 11 * time.Second, false}, // its fail_timeout
	{"haproxy, no retries", func(t *testing.T, nodes []string, _ time.Duration) *servers.Process {
		return servers.HAProxy(t, " retries 0", "", nodes...)
	}, false, 0, false},
	{"haproxy, checks readiness", func(t *testing.T, nodes []string, interval time.Duration) *servers.Process {
		check := fmt.Sprintf("check inter %dms fall 2 rise 1", interval.Milliseconds())
		return servers.HAProxy(t, " option httpchk GET "+health.ReadyPath, check, nodes...)
	}, true, 0, true},
}

// Three nodes behind a balancer restart one after the other, under load. With socket
// activation no request fails; without it none does where the balancer notices.
func TestRolling_RestartLosesNoRequest(t *testing.T) {
	long := *rollingTime > 0 || os.Getenv("MOSPARO_TEST_LONG") == "1"
	interval := 200 * time.Millisecond
	if *rollingTime > 0 {
		interval = 3 * time.Second
	}
	drain := 2*interval + time.Second
	for _, b := range balancers {
		for _, activated := range []bool{true, false} {
			if *rollingTime == 0 && !activated && !b.alone {
				continue // it loses requests
			}
			t.Run(fmt.Sprintf("%s, socket activation %t", b.name, activated), func(t *testing.T) {
				if !long && (!b.brief || activated == b.alone) {
					t.Skip("long; runs with MOSPARO_TEST_LONG=1")
				}
				nodes := startCluster(t, activated, drain)
				addresses := make([]string, len(nodes))
				for i, n := range nodes {
					addresses[i] = n.address
				}
				proxy := b.start(t, addresses, interval)
				load := startLoad(t, cssURL(t, proxy.Addr()), long)
				begun := time.Now()
				for _, n := range nodes {
					n.restart(t)
					if !activated {
						time.Sleep(b.pause)
					}
				}
				time.Sleep(max(0, *rollingTime-time.Since(begun)))
				requests, failed, report := load()
				if failed > 0 {
					log, err := os.ReadFile(filepath.Join(proxy.Dir(), "log"))
					require.NoError(t, err)
					report += "\n" + string(log[max(0, len(log)-2000):])
				}
				t.Logf("%s | socket activation %t | %d requests | %d failed", b.name, activated, requests, failed)
				require.Greater(t, requests, 100, report)
				if activated || b.alone {
					require.Zero(t, failed, report)
				}
			})
		}
	}
}

// rollingNode is a node with an address that outlives it.
type rollingNode struct {
	address string
	socket  *os.File // nil without socket activation
	args    string
	cmd     *exec.Cmd
}

// startCluster starts three nodes of one demonstration.
func startCluster(t *testing.T, activated bool, drain time.Duration) []*rollingNode {
	t.Helper()
	dir := t.TempDir()
	nodes := make([]*rollingNode, 3)
	for i := range nodes {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		n := &rollingNode{address: l.Addr().String()}
		if activated {
			n.socket, err = l.(*net.TCPListener).File()
			require.NoError(t, err)
			t.Cleanup(func() { _ = n.socket.Close() })
		}
		require.NoError(t, l.Close())
		n.args = fmt.Sprintf("--listen %s --demo-dir %s --drain %s", n.address, dir, drain)
		n.start(t)
		nodes[i] = n
	}
	return nodes
}

// start starts the node, as systemd does if it has a socket, and waits until it is
// ready.
func (n *rollingNode) start(t *testing.T) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	if n.socket != nil {
		cmd = exec.Command("/bin/sh", "-c", `LISTEN_FDS=1 LISTEN_PID=$$ exec "$0"`, os.Args[0])
		cmd.ExtraFiles = []*os.File{n.socket}
	}
	n.cmd, _ = startProcess(t, cmd, n.args)
	client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	require.Eventually(t, func() bool {
		res, err := client.Get("http://" + n.address + health.ReadyPath)
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK
	}, patience, 10*time.Millisecond)
}

func (n *rollingNode) restart(t *testing.T) {
	t.Helper()
	require.NoError(t, n.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, n.cmd.Wait())
	n.start(t)
}

// cssURL returns the URL of the CSS of a project behind the balancer.
func cssURL(t *testing.T, address string) string {
	t.Helper()
	res, err := http.Get("http://" + address + "/resources/0b0e7ab6-2b1c-4c1e-9a44-0123456789aa/url")
	require.NoError(t, err)
	defer res.Body.Close()
	url, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Contains(t, string(url), address)
	return string(url)
}

// startLoad asks for a URL until the returned function is called, which returns how
// many requests there were and how many failed. It asks as often as the nodes answer, or
// some hundred times a second.
func startLoad(t *testing.T, url string, heavy bool) func() (requests, failed int, report string) {
	t.Helper()
	if _, err := exec.LookPath("wrk"); err != nil {
		servers.Missing(t, "wrk", "wrk")
	}
	var out bytes.Buffer
	args := []string{"-t1", "-c8", "-d1h", "--timeout", "20s", url}
	if !heavy {
		script := filepath.Join(t.TempDir(), "delay.lua")
		require.NoError(t, os.WriteFile(script, []byte("function delay() return 20 end"), 0o600))
		args = append(args, "-s", script)
	}
	cmd := exec.CommandContext(t.Context(), "wrk", args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	require.NoError(t, cmd.Start())
	return func() (requests, failed int, report string) {
		require.NoError(t, cmd.Process.Signal(os.Interrupt))
		require.NoError(t, cmd.Wait())
		report = out.String()
		for _, n := range regexp.MustCompile(`(?:connect|read|write|timeout|responses:) (\d+)`).FindAllStringSubmatch(report, -1) {
			failed += number(t, n[1])
		}
		total := regexp.MustCompile(`(\d+) requests in`).FindStringSubmatch(report)
		require.NotNil(t, total, report)
		return number(t, total[1]), failed, strings.TrimSpace(report)
	}
}

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	require.NoError(t, err)
	return n
}
