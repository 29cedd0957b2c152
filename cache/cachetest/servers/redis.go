package servers

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// RedisServer is a running redis-server.
type RedisServer struct {
	*Process
	password string
}

// Redis starts a Redis that keeps its data in memory only. Further arguments
// go to redis-server as they are, such as "--requirepass", "secret", or
// "--appendonly", "yes" for one whose data outlives a restart.
func Redis(tb TB, args ...string) *RedisServer {
	tb.Helper()
	return &RedisServer{password: passwordOf(args), Process: start(tb, spec{
		name: "redis", binary: "redis-server", pkg: "redis-server",
		args: func(port int, dir string) []string {
			return append([]string{
				"--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--dir", dir,
				"--unixsocket", filepath.Join(dir, "s"), "--save", "", "--appendonly", "no", "--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1",
			}, args...)
		},
		ready: redisReady,
	})}
}

// Socket returns the path of the server's Unix socket.
func (r *RedisServer) Socket() string { return filepath.Join(r.dir, "s") }

func redisReady(addr string) error {
	answer, err := ask(addr, "PING")
	if err == nil && answer != "+PONG" && !strings.HasPrefix(answer, "-NOAUTH") {
		err = fmt.Errorf("not ready: %s", answer)
	}
	return err
}

func passwordOf(args []string) string {
	for i := range len(args) - 1 {
		if args[i] == "--requirepass" {
			return args[i+1]
		}
	}
	return ""
}
