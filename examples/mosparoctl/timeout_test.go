package main

import (
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
)

// silentServer accepts connections and never answers.
func silentServer(t *testing.T) (host, port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
		}
	}()
	host, port, err = net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	return host, port
}

// unanswered is far more than a command takes that gives up, and far less than
// it takes one that waits for its servers.
const unanswered = 20 * time.Second

func TestTimeout_EveryCommandGivesUpOnServersThatHang(t *testing.T) {
	public := t.TempDir()
	writeBuild(t, public)
	uuid := "0b0e7ab6-2b1c-4c1e-9a44-0123456789ab"
	for _, set := range [][2]string{{"redis", "pdo_mysql"}, {"memcached", "pdo_pgsql"}} {
		host, port := silentServer(t)
		addr := net.JoinHostPort(host, port)
		env := []string{
			"MOSPARO_CACHE_ADAPTER=" + set[0], "REDIS_URL=redis://" + addr, "MEMCACHED_URL=memcached://" + addr,
			"database_driver=" + set[1], "database_host=" + host, "database_port=" + port, "database_name=n", "database_user=u", "database_password=p",
			"mosparo_installed=1", "mosparo_installed_version=1.5.4", "MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE=1",
		}
		for _, args := range [][]string{
			{"cache", "get", "k"},
			{"cache", "set", "k", `{"t":"null"}`},
			{"cache", "delete", "k"},
			{"cache", "ls"},
			{"cache", "clear"},
			{"cleanup", "status"},
			{"cleanup", "history"},
			{"cleanup", "run"},
			{"cleanup", "run", "--force"},
			{"cleanup", "run", "--dry-run"},
			{"cleanup", "pause"},
			{"cleanup", "resume"},
			{"leave"},
			{"leave", "--last"},
			{"css", "get", uuid},
			{"css", "rm", uuid},
			{"css", "check"},
			{"css", "warm", "--public", public},
			{"css", "ls"},
			{"css", "put", "--hash", strings.Repeat("ab", 32), uuid},
			{"mirror", "--public", public},
			{"mirror", "--public", public, "--dry-run"},
			{"lock", "ls"},
			{"lock", "show", "x"},
			{"lock", "break", "x"},
			{"lock", "run", "x", "--", "true"},
		} {
			if set[0] == "memcached" && slices.Equal(args, []string{"lock", "ls"}) {
				continue // which memcached cannot do
			}
			t.Run(set[0]+"/"+strings.Join(args, " "), func(t *testing.T) {
				t.Parallel()
				words := 2
				if args[0] == "leave" || args[0] == "mirror" {
					words = 1
				}
				line := slices.Concat(args[:words], []string{"--timeout", "100ms"}, args[words:])
				began := time.Now()
				got := ctl(t, env, "", line...)
				require.NotZero(t, got.code, got.stdout)
				require.Regexp(t, "(?i)no answer within|unavailable|timeout|deadline", got.stdout+got.stderr)
				require.Less(t, time.Since(began), unanswered)
			})
		}
	}
}

func TestTimeout_NamesItself(t *testing.T) {
	server := servers.Redis(t)
	server.Pause()
	defer server.Resume()
	env := []string{"MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=redis://" + server.Addr()}
	got := ctl(t, env, "", "cache", "get", "--timeout", "100ms", "k")
	require.Equal(t, 1, got.code)
	require.Contains(t, got.stderr, "--timeout")
	got = ctl(t, env, "", "cache", "get", "k", "--timeout", "0s")
	require.Equal(t, exitUsage, got.code)
	require.Contains(t, got.stderr, "--timeout must be positive")
	got = ctl(t, env, "", "cleanup", "status", "--help")
	require.Regexp(t, `--timeout duration +time.*\(default 10s\)`, got.stdout)
}
