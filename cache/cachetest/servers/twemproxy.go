package servers

import (
	"os"
	"path/filepath"
	"strconv"
)

// TwemproxyRedis starts a twemproxy (Debian's nutcracker) before Redis servers,
// among which it spreads the keys. The part of a key between { and } chooses the
// server, as it does in Redis Cluster.
func TwemproxyRedis(tb TB, addrs ...string) *Process {
	tb.Helper()
	return twemproxy(tb, "  redis: true\n  hash_tag: \"{}\"\n", addrs)
}

// TwemproxyMemcached starts a twemproxy before memcached servers.
func TwemproxyMemcached(tb TB, addrs ...string) *Process {
	tb.Helper()
	return twemproxy(tb, "  redis: false\n", addrs)
}

func twemproxy(tb TB, kind string, addrs []string) *Process {
	tb.Helper()
	return start(tb, spec{
		name: "twemproxy", binary: "nutcracker", pkg: "nutcracker",
		configure: func(p *Process) error {
			pool := "pool:\n  listen: " + p.Addr() + "\n  hash: fnv1a_64\n  distribution: ketama\n" + kind + "  servers:\n"
			for _, addr := range addrs {
				pool += "   - " + addr + ":1\n"
			}
			return os.WriteFile(filepath.Join(p.dir, "nutcracker.yml"), []byte(pool), 0o600)
		},
		args: func(_ int, dir string) []string {
			stats, err := freePort()
			if err != nil {
				tb.Fatalf("servers: %v", err)
			}
			return []string{"-c", filepath.Join(dir, "nutcracker.yml"), "-a", "127.0.0.1", "-s", strconv.Itoa(stats)}
		},
		ready: func(addr string) error { return listens("tcp", addr) },
	})
}
