package doctor_test

import (
	"bufio"
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/connect/doctor"
)

// serve starts a server of Redis that answers every command with the same bytes.
func serve(t *testing.T, reply string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for in := bufio.NewScanner(c); in.Scan(); {
					if strings.HasPrefix(in.Text(), "*") {
						_, _ = c.Write([]byte(reply))
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

func TestHostile_RepliesAreFindings(t *testing.T) {
	for reply, code := range map[string]string{
		"$9223372036854775806\r\n": "check_failed", // go-redis panics
		"-ERR \x1b[2J no\r\n":      "cache_unreachable",
		"-NOPERM no\r\n":           "cache_acl_keys_missing",
		"-LOADING Redis\r\n":       "cache_unavailable",
		"-DENIED Redis\r\n":        "cache_unauthorized",
		"+OK\r\n":                  "",
		"*0\r\n":                   "",
		"":                         "cache_unreachable",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		r := doctor.Examine(ctx, settings(t, "-database_driver", "-database_host", "REDIS_URL=redis://"+serve(t, reply)), doctor.WithWrites())
		cancel()
		if code != "" {
			f := find(t, r.Findings, code)
			require.NotContains(t, f.What, "\x1b")
		}
		require.NotEmpty(t, r.Findings, "%q", reply)
	}
}

// A client that does not obey contexts does not hold up the report.
func TestHostile_ACheckThatHangsIsAFindingInTime(t *testing.T) {
	s := servers.Memcached(t)
	s.Pause()
	defer s.Resume()
	start := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	r := doctor.Examine(ctx, settings(t, "-database_driver", "-database_host", "-REDIS_URL", "MOSPARO_CACHE_ADAPTER=memcached", "MEMCACHED_URL=memcached://"+s.Addr()),
		doctor.WithConnect(connect.WithTimeout(5*time.Second)))
	require.Less(t, time.Since(start), 2*time.Second)
	require.Equal(t, "cache", find(t, r.Findings, "check_timed_out").Subject)

	// Nor does it keep the database from being examined.
	db := filepath.Join(t.TempDir(), "data.sqlite")
	require.NoError(t, os.WriteFile(db, nil, 0o600))
	ctx, cancel = context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	r = doctor.Examine(ctx, settings(t, "database_driver=pdo_sqlite", "database_path="+db, "-REDIS_URL", "MOSPARO_CACHE_ADAPTER=memcached", "MEMCACHED_URL=memcached://"+s.Addr()),
		doctor.WithConnect(connect.WithTimeout(5*time.Second)))
	find(t, r.Findings, "database_columns")
}

// panicking is the log handler of an application with a mistake.
type panicking struct{ slog.Handler }

func (panicking) Enabled(context.Context, slog.Level) bool { return true }

func (panicking) Handle(context.Context, slog.Record) error { panic("a mistake") }

// The schedule is read beside the checks of the database, which cannot compare its zone
// without it.
func TestHostile_APanicWhileTheScheduleIsReadIsAFinding(t *testing.T) {
	db := filepath.Join(t.TempDir(), "data.sqlite")
	require.NoError(t, os.WriteFile(db, nil, 0o600))
	s := settings(t, "database_driver=pdo_sqlite", "database_path="+db, "-REDIS_URL", "MOSPARO_CACHE_ADAPTER=filesystem", "FILESYSTEM_CACHE_PATH=relative")
	require.NotEmpty(t, s.Variable("FILESYSTEM_CACHE_PATH").Warning)
	r := doctor.Examine(t.Context(), s, doctor.WithConnect(connect.WithLogger(slog.New(panicking{slog.DiscardHandler}))))
	f := find(t, slices.DeleteFunc(slices.Clone(r.Findings), func(f doctor.Finding) bool { return !strings.Contains(f.What, "schedule") }), "check_failed")
	require.Equal(t, "cache", f.Subject)
	require.Equal(t, "reading mosparo's schedule ended in a panic: a mistake", f.What)
	find(t, r.Findings, "database_columns")
}
