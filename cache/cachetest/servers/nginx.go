package servers

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Nginx starts an nginx that spreads requests over the servers at the
// addresses, strictly in turn, and asks no other one when one fails. The lines
// of config, if there are any, stand in its server block beside location /.
func Nginx(tb TB, config string, upstreams ...string) *Process {
	tb.Helper()
	return nginx(tb, config+" proxy_next_upstream off;", " max_fails=0", upstreams)
}

// NginxRetrying is [Nginx] with nginx's defaults: it asks another server when one
// cannot be reached.
func NginxRetrying(tb TB, config string, upstreams ...string) *Process {
	tb.Helper()
	return nginx(tb, config, "", upstreams)
}

func nginx(tb TB, config, parameters string, upstreams []string) *Process {
	tb.Helper()
	return start(tb, spec{
		name: "nginx", binary: "nginx", pkg: "nginx",
		args: func(port int, dir string) []string {
			file := filepath.Join(dir, "nginx.conf")
			if err := os.WriteFile(file, []byte(nginxConfig(port, dir, config, parameters, upstreams)), 0o600); err != nil {
				tb.Fatalf("servers: %v", err)
			}
			return []string{"-p", dir, "-e", "stderr", "-c", file}
		},
		ready: func(addr string) error { return listens("tcp", addr) },
	})
}

func nginxConfig(port int, dir, config, parameters string, upstreams []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "daemon off; master_process off; pid %s/pid; error_log stderr; events {} http { access_log off;", dir)
	for _, name := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		fmt.Fprintf(&b, " %s_temp_path %s/%[1]s;", name, dir)
	}
	b.WriteString(" upstream nodes { keepalive 16;")
	for _, addr := range upstreams {
		fmt.Fprintf(&b, " server %s%s;", addr, parameters)
	}
	fmt.Fprintf(&b, ` } server { listen 127.0.0.1:%d; %s
location / { proxy_pass http://nodes; proxy_http_version 1.1;
proxy_set_header Connection ""; proxy_set_header Host $http_host; } } }`, port, config)
	return b.String()
}
