package main

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
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

// A balancer and an operator get an answer while servers hang.
func TestJoin_AnswersWhileItsServersHang(t *testing.T) {
	for driver, cache := range map[string]string{"pdo_mysql": "redis", "pdo_pgsql": "memcached"} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			host, port := silentServer(t)
			n := start(t, []string{
				"database_driver=" + driver, "database_host=" + host, "database_port=" + port, "database_name=n", "database_user=u", "database_password=p",
				"mosparo_installed=1", "mosparo_installed_version=1.5.4",
				"MOSPARO_CACHE_ADAPTER=" + cache, "REDIS_URL=redis://" + net.JoinHostPort(host, port), "MEMCACHED_URL=memcached://" + net.JoinHostPort(host, port),
				"MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE=1",
			})
			// The answers take 2 s at most, and a busy machine some more. Reads that waited for
			// their servers one after the other would take longer.
			client := http.Client{Timeout: 6 * time.Second}
			for url, want := range map[string]string{
				n.admin:                       "What the cluster does is unknown",
				n.url + "api/v1/health/check": `"databaseStatus":"connection-failed"`,
				n.url + "readyz":              `"status":"not_ready"`,
				n.url + "livez":               `"status":"live"`,
			} {
				res, err := client.Get(url)
				require.NoError(t, err, url)
				body, err := io.ReadAll(res.Body)
				require.NoError(t, err)
				require.NoError(t, res.Body.Close())
				require.Contains(t, string(body), want)
			}
			require.NoError(t, n.stop())
		})
	}
}

// Only what was asked for runs: a node that served a demonstration by mistake
// would answer the health check of a cluster's balancer.
func TestRun_RefusesACommandLineThatNamesNothing(t *testing.T) {
	for args, environ := range map[string][]string{
		"":                     nil,
		"--clean":              nil,
		"start --dir x":        nil,
		"--demo --clean":       nil,
		"--demo start":         nil,
		"--demo --dir x":       nil,
		"--zone Nowhere/Never": {"database_driver=pdo_sqlite"},
		"--nonsense":           nil,
		"--demo --admin x":     nil,
		"--drain -1s":          nil,
		"--demo --drain -1s":   nil,
	} {
		var said strings.Builder
		err := run(t.Context(), append([]string{"--listen", "127.0.0.1:0"}, strings.Fields(args)...), environ, io.Discard)
		require.Equal(t, 2, exitCode(err, &said), "%s: %v", args, err)
		require.Contains(t, said.String(), "node: ", args)
	}
	err := run(t.Context(), []string{"--help"}, nil, io.Discard)
	require.Zero(t, exitCode(err, io.Discard))
	err = run(t.Context(), nil, nil, io.Discard)
	require.ErrorContains(t, err, "--demo")
	require.ErrorContains(t, err, "--dir")

	var said strings.Builder
	require.Equal(t, 1, exitCode(run(t.Context(), nil, []string{"MOSPARO_CACHE_ADAPTER=apcu"}, io.Discard), &said))
	require.Contains(t, said.String(), "MOSPARO_CACHE_ADAPTER")
	require.Contains(t, said.String(), "mosparoctl doctor", "where to look next")
}
