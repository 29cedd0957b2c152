package servers

import (
	"fmt"
	"net"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"time"
)

// MemcachedServer is a running memcached.
type MemcachedServer struct {
	*Process
}

// Memcached starts a memcached with 64 MB. Further arguments go to it as they
// are, such as "-I", "2m". With "-Z" (TLS) it is only known to listen; with
// "-s", path it has a Unix socket and no port.
func Memcached(tb TB, args ...string) *MemcachedServer {
	tb.Helper()
	return &MemcachedServer{start(tb, spec{
		name: "memcached", binary: "memcached", pkg: "memcached",
		args: func(port int, _ string) []string {
			all := []string{"-l", "127.0.0.1", "-p", strconv.Itoa(port), "-U", "0", "-m", "64"}
			if u, err := user.Current(); err == nil && u.Uid == "0" {
				all = append(all, "-u", "root") // it refuses to run as root unless told
			}
			return append(all, args...)
		},
		ready: func(addr string) error {
			if slices.Contains(args, "-Z") {
				return listens("tcp", addr)
			}
			if at := slices.Index(args, "-s"); at >= 0 && at+1 < len(args) {
				return listens("unix", args[at+1])
			}
			answer, err := ask(addr, "version")
			if err == nil && !strings.HasPrefix(answer, "VERSION") && !strings.HasPrefix(answer, "CLIENT_ERROR") {
				err = fmt.Errorf("not ready: %s", answer)
			}
			return err
		},
	})}
}

func listens(network, addr string) error {
	c, err := net.DialTimeout(network, addr, time.Second)
	if err == nil {
		_ = c.Close()
	}
	return err
}
