package servers

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// RedisSentinel starts a sentinel that watches a master under the name
// mymaster and alone decides that it is down, after half a second. The lines
// go to its configuration.
func RedisSentinel(tb TB, masterPort int, lines ...string) *Process {
	tb.Helper()
	return start(tb, spec{
		name: "sentinel", binary: "redis-server", pkg: "redis-server",
		args: func(port int, dir string) []string {
			return []string{filepath.Join(dir, "sentinel.conf"), "--sentinel", "--port", strconv.Itoa(port)}
		},
		prepare: func(p *Process) error {
			conf := append([]string{
				"bind 127.0.0.1", "dir " + p.dir,
				fmt.Sprintf("sentinel monitor mymaster 127.0.0.1 %d 1", masterPort),
				"sentinel down-after-milliseconds mymaster 500", "sentinel failover-timeout mymaster 2000",
			}, lines...)
			return os.WriteFile(filepath.Join(p.dir, "sentinel.conf"), []byte(strings.Join(conf, "\n")+"\n"), 0o600)
		},
		ready: redisReady,
	})
}
