package main

import (
	"bufio"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/envconfig/connect/doctor"
)

func TestDoctor_ExitsWithTheWorstFinding(t *testing.T) {
	i := install(t, "1.5.4")
	for environ, want := range map[string]int{
		"APP_ENV=prod":               exitOK,
		"MOSPARO_CACHE_ADAPTR=redis": exitWarnings,
		"MOSPARO_CACHE_ADAPTER=none": exitErrors,
	} {
		environ := append([]string{environ}, i.environ...)
		got := ctl(t, environ, "", "doctor", "--dir", i.dir)
		require.Equal(t, want, got.code, got.stdout)
		require.Empty(t, got.stderr)
		require.Contains(t, got.stdout, "If it stays: ")
		require.Contains(t, got.stdout, "What to do:  ")
		require.Regexp(t, `(?m)^database\tsqlite\t`, got.stdout)
		require.Regexp(t, `(?m)^\d+ errors?, \d+ warnings?, \d+ notes?$`, got.stdout)

		asJSON := ctl(t, environ, "", "doctor", "--dir", i.dir, "--json")
		require.Equal(t, want, asJSON.code)
		var r struct {
			Findings []doctor.Finding `json:"findings"`
			Parts    []map[string]any `json:"parts"`
		}
		require.NoError(t, json.Unmarshal([]byte(asJSON.stdout), &r))
		require.Equal(t, want, int(doctor.Worst(r.Findings)))
		require.NotEmpty(t, r.Parts)
	}
	got := ctl(t, nil, "", "doctor", "--dir", t.TempDir())
	require.Equal(t, exitErrors, got.code)
	require.Contains(t, got.stdout, "settings_unreadable")
	require.Contains(t, ctl(t, i.environ, "", "doctor").stdout, "only the environment was read")
}

func TestDoctor_AWrongCommandLineIs64(t *testing.T) {
	for _, line := range []string{
		"doctor --nonsense", "doctor nonsense", "doctor --timeout 0s", "doctor --zone Nowhere/Else", "doctor --dsn http://h/d",
		"doctor acl x", "doctor acl --user", "doctor grants --dsn mysql:// --user a\tb", "doctor report x",
	} {
		got := ctl(t, nil, "", strings.Split(line, " ")...)
		require.Equal(t, exitUsage, got.code, line)
		require.Empty(t, got.stdout, line)
	}
}

func TestDoctor_EndsInTimeWhateverHangs(t *testing.T) {
	s := servers.Redis(t)
	s.Pause()
	defer s.Resume()
	hangs, err := net.Listen("tcp", "127.0.0.1:0") // accepts and says nothing
	require.NoError(t, err)
	defer hangs.Close()
	_, port, err := net.SplitHostPort(hangs.Addr().String())
	require.NoError(t, err)
	for driver, args := range map[string][]string{"pdo_mysql": {"doctor"}, "pdo_pgsql": {"doctor", "report"}} {
		start := time.Now()
		got := ctl(t, []string{
			"MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=redis://" + s.Addr(), "database_driver=" + driver, "database_host=127.0.0.1", "database_port=" + port,
		}, "", append(args, "--timeout", "1s", "--json")...)
		require.Less(t, time.Since(start), 2*time.Second)
		for _, code := range []string{"cache_unreachable", "database_unreachable"} {
			require.Contains(t, got.stdout, code, got.stderr)
		}
	}
}

// hostile is a server that answers everything with an error that a terminal would obey.
func hostile(t *testing.T) string {
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
						_, _ = c.Write([]byte("-ERR \x1b[2J geheim77 \u202e gone\r\n"))
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

func TestDoctor_TextOfServersCannotSpeakToATerminalNorTellSecrets(t *testing.T) {
	t.Parallel()
	environ := []string{"MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=redis://:geheim77@" + hostile(t), "database_driver=pdo_mysql", "database_host=127.0.0.1", "database_port=1", "database_password=geheim88"}
	for _, args := range [][]string{{"doctor"}, {"doctor", "--json"}, {"doctor", "report"}} {
		got := ctl(t, environ, "", append(args, "--timeout", "1s")...)
		for _, text := range []string{got.stdout, got.stderr} {
			for _, bad := range []string{"\x1b", "\u202e", "geheim77", "geheim88"} {
				require.NotContains(t, text, bad, args)
			}
		}
		require.Contains(t, got.stdout, "gone")
	}
}

func TestDoctor_WritesOnlyWhenAsked(t *testing.T) {
	s := servers.Redis(t)
	i := install(t, "1.5.4", "MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=redis://"+s.Addr())
	require.Equal(t, exitWarnings, ctl(t, i.environ, "", "doctor", "--dir", i.dir).code, "SQLite with a shared cache")
	require.Equal(t, "0", s.Command("DBSIZE"))
	require.Equal(t, exitWarnings, ctl(t, i.environ, "", "doctor", "--dir", i.dir, "--write").code)
	require.Contains(t, s.Command("INFO commandstats"), "cmdstat_setex")
}

func TestDoctorReport_HasWhatABugReportNeedsAndNoSecret(t *testing.T) {
	i := install(t, "1.5.4")
	i.due()
	environ := append(i.environ, "LOCK_DSN=redis://:geheim77@h", "REDIS_URL=redis://:geheim77@h", "database_password=geheim88")
	file := filepath.Join(t.TempDir(), "report.json")
	got := ctl(t, environ, "", "doctor", "report", "--dir", i.dir, "--output", file)
	require.Zero(t, got.code, got.stderr)
	require.Empty(t, got.stdout)
	require.Contains(t, got.stderr, discussions)
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	for _, secret := range []string{"geheim77", "geheim88"} {
		require.NotContains(t, string(text), secret)
	}
	var b bundle
	require.NoError(t, json.Unmarshal(text, &b))
	require.NotEmpty(t, b.Program.Go)
	require.Equal(t, i.dir, b.Dir)
	require.NotEmpty(t, b.Settings)
	require.Contains(t, string(text), "redis_url_without_adapter")
	require.NotNil(t, b.Cleanup)
	require.Equal(t, "run", b.Cleanup.Decision)
	require.Empty(t, b.CleanupError)

	require.Equal(t, 1, ctl(t, environ, "", "doctor", "report", "--dir", i.dir, "--output", file).code, "the file exists")
	got = ctl(t, []string{"MOSPARO_CACHE_ADAPTER=none"}, "", "doctor", "report")
	require.Zero(t, got.code, "a node that does not start can be reported, too")
	require.Contains(t, got.stdout, "setting_invalid")
}

func TestDoctorGrants_PrintsWhatCanBePasted(t *testing.T) {
	got := ctl(t, nil, "", "doctor", "grants", "--dsn", "mysql://root:geheim77@db/mosparo", "--user", "node", "--host", "10.0.0.%")
	require.Zero(t, got.code, got.stderr)
	require.NotContains(t, got.stdout, "geheim77")
	require.True(t, strings.HasPrefix(got.stdout, "CREATE USER 'node'@'10.0.0.%' IDENTIFIED BY 'PASSWORD';\nUSE `mosparo`;\n"), got.stdout)
	require.Contains(t, got.stdout, "GRANT SELECT, DELETE ON `lockout` TO 'node'@'10.0.0.%';\n")
	require.Contains(t, got.stdout, "GRANT SELECT ON project_config_value TO 'node'@'10.0.0.%';\n")

	got = ctl(t, nil, "", "doctor", "grants", "--dsn", "postgres://db/mosparo", "--user", `o"k`, "--observe", "--json")
	require.Zero(t, got.code, got.stderr)
	var out struct{ Statements []string }
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &out))
	require.Equal(t, `CREATE USER "o""k" PASSWORD 'PASSWORD'`, out.Statements[0])
	require.NotContains(t, got.stdout, "DELETE")
	require.Contains(t, ctl(t, nil, "", "doctor", "grants", "--dsn", "sqlite:///x").stderr, "SQLite has no users")
}

func TestDoctorACL_PrintsWhatCanBePasted(t *testing.T) {
	environ := []string{"MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=redis://:geheim77@cache.example.com/3"}
	got := ctl(t, environ, "", "doctor", "acl", "--lock-url", "redis://locks.example.com", "--user", "node")
	require.Zero(t, got.code, got.stderr)
	require.NotContains(t, got.stdout, "geheim77")
	lines := strings.Split(strings.TrimSpace(got.stdout), "\n")
	require.Len(t, lines, 4)
	require.Equal(t, "# cache: cache.example.com:6379", lines[0])
	require.Contains(t, lines[1], "ACL SETUSER node reset on >PASSWORD ~mosparoNextCleanup ")
	require.Contains(t, lines[1], " +select ")
	require.NotContains(t, lines[1], "+evalsha")
	require.Equal(t, "# locks: locks.example.com:6379", lines[2])
	require.Contains(t, lines[3], " ~mosparoGoLock* ")
	require.Contains(t, lines[3], "+evalsha")
	require.Equal(t, 1, ctl(t, nil, "", "doctor", "acl").code, "nothing is on Redis")

	got = ctl(t, environ, "", "doctor", "acl", "--lock-url", "redis://node:geheim88@locks.example.com:port")
	require.Equal(t, exitUsage, got.code, "it would print the rights of a node without that server")
	require.Empty(t, got.stdout)
	require.NotContains(t, got.stderr, "geheim88")
}
