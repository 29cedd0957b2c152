package servers

import (
	"fmt"
	"net"
	"os/user"
	"path/filepath"
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
// are, such as "-I", "2m". With "-Z" (TLS) it is known to listen, no more.
func Memcached(tb TB, args ...string) *MemcachedServer {
	tb.Helper()
	return memcached(tb, func(port int, _ string) []string {
		return append([]string{"-l", "127.0.0.1", "-p", strconv.Itoa(port), "-U", "0"}, args...)
	}, func(addr string) error {
		if slices.Contains(args, "-Z") {
			return listens("tcp", addr)
		}
		answer, err := ask(addr, "version")
		if err == nil && !strings.HasPrefix(answer, "VERSION") && !strings.HasPrefix(answer, "CLIENT_ERROR") {
			err = fmt.Errorf("not ready: %s", answer)
		}
		return err
	})
}

// MemcachedOnSocket starts a memcached that has a Unix socket and no port.
func MemcachedOnSocket(tb TB, args ...string) *MemcachedServer {
	tb.Helper()
	var path string
	return memcached(tb, func(_ int, dir string) []string {
		path = socketIn(dir)
		return append([]string{"-s", path}, args...)
	}, func(string) error { return listens("unix", path) })
}

// Socket returns the path of the Unix socket of [MemcachedOnSocket].
func (m *MemcachedServer) Socket() string { return socketIn(m.dir) }

func socketIn(dir string) string { return filepath.Join(dir, "s") }

func memcached(tb TB, args func(port int, dir string) []string, ready func(addr string) error) *MemcachedServer {
	tb.Helper()
	return &MemcachedServer{start(tb, spec{
		name: "memcached", binary: "memcached", pkg: "memcached", ready: ready,
		args: func(port int, dir string) []string {
			all := append([]string{"-m", "64"}, args(port, dir)...) // the last one counts
			if u, err := user.Current(); err == nil && u.Uid == "0" {
				all = append(all, "-u", "root") // it refuses to run as root unless told
			}
			return all
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
