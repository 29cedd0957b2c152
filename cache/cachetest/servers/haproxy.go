package servers

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// HAProxy starts a HAProxy that spreads requests over the servers at the addresses.
// The lines of config stand in its backend, and parameters at each server, such as
// "check inter 1s fall 2".
func HAProxy(tb TB, config, parameters string, upstreams ...string) *Process {
	tb.Helper()
	return start(tb, spec{
		name: "haproxy", binary: "haproxy", pkg: "haproxy",
		args: func(port int, dir string) []string {
			file := filepath.Join(dir, "haproxy.cfg")
			if err := os.WriteFile(file, []byte(haproxyConfig(port, config, parameters, upstreams)), 0o600); err != nil {
				tb.Fatalf("servers: %v", err)
			}
			return []string{"-db", "-f", file}
		},
		ready: func(addr string) error { return listens("tcp", addr) },
	})
}

func haproxyConfig(port int, config, parameters string, upstreams []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `defaults
 mode http
 timeout connect 5s
 timeout client 30s
 timeout server 30s
frontend public
 bind 127.0.0.1:%d
 default_backend nodes
backend nodes
 balance roundrobin
%s
`, port, config)
	for i, addr := range upstreams {
		fmt.Fprintf(&b, " server node%d %s %s\n", i, addr, parameters)
	}
	return b.String()
}
