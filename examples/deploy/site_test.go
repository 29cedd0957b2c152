package deploy_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner/schema"
	"github.com/mosparo/go-cluster/envconfig/health"
)

// patience is how long a server on a busy machine may take.
const patience = 2 * time.Minute

// poll is the time between two looks at what a test waits for.
const poll = 200 * time.Millisecond

// programs is the directory of the programs that the guide installs; see program.
var programs string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "mosparo-deploy-")
	if err != nil {
		panic(err)
	}
	programs = dir
	code := m.Run()
	for _, end := range all.ends {
		end()
	}
	_ = os.RemoveAll(dir) // a scratch directory of ours
	os.Exit(code)
}

// packages are the programs of the guide, by the names under which it installs them.
var packages = map[string]string{"mosparo-node": "node", "mosparo-cleanupd": "cleanupd", "mosparoctl": "mosparoctl"}

var building = map[string]*sync.Once{"mosparo-node": {}, "mosparo-cleanupd": {}, "mosparoctl": {}}

// program builds a program of the guide as the Dockerfile does, once for all tests, and
// returns its path.
func program(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(programs, name)
	building[name].Do(func() {
		line := regexp.MustCompile(`(?m)^RUN CGO_ENABLED=0 go (build .*-o )/out/` + name + ` (\./examples/` + packages[name] + `)$`).FindStringSubmatch(read(t, "container/Dockerfile"))
		require.NotNil(t, line, name)
		cmd := exec.Command("go", append(strings.Fields(line[1]), path, line[2])...)
		cmd.Dir = root
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
	})
	require.FileExists(t, path)
	return path
}

// site is the network of the shipped files on this machine: 10.0.0.N is a loopback address
// 127.X.Y.N, and a port is larger by 20000, so that no test needs root or meets a server.
type site struct {
	*testing.T
	net string // "127.X.Y."
	dir string
	// broken counts the forms that PHP nodes broke off.
	broken atomic.Int64
}

const portShift = 20000

func newSite(t *testing.T) *site {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("skipped: needs Linux, where all of 127.0.0.0/8 is loopback")
	}
	return &site{T: t, net: fmt.Sprintf("127.%d.%d.", 2+rand.IntN(250), rand.IntN(250)), dir: t.TempDir()}
}

// addr returns the address of a server of the shipped files.
func (s *site) addr(host, port int) string {
	return net.JoinHostPort(s.net+strconv.Itoa(host), strconv.Itoa(port+portShift))
}

var shippedAddress = regexp.MustCompile(`10\.0\.0\.(\d+)(:\d+)?`)

// translate replaces the addresses of a shipped text.
func (s *site) translate(text string) string {
	return shippedAddress.ReplaceAllStringFunc(text, func(a string) string {
		host, port, _ := strings.Cut(strings.TrimPrefix(a, "10.0.0."), ":")
		if port == "" {
			return s.net + host
		}
		h, err := strconv.Atoi(host)
		require.NoError(s, err)
		p, err := strconv.Atoi(port)
		require.NoError(s, err)
		return s.addr(h, p)
	})
}

// file copies a shipped file with its addresses replaced, and further texts as well, each of
// which the file must have. It returns the path of the copy.
func (s *site) file(name string, replace ...string) string {
	s.Helper()
	return s.write(filepath.Base(name), replaceAll(s.T, s.translate(read(s.T, name)), replace...))
}

// write writes a file to a directory of its own and returns its path.
func (s *site) write(name, text string) string {
	s.Helper()
	dir, err := os.MkdirTemp(s.dir, "")
	require.NoError(s, err)
	require.NoError(s, os.Chmod(dir, 0o755)) // other users read it
	path := filepath.Join(dir, name)
	require.NoError(s, os.WriteFile(path, []byte(text), 0o644))
	return path
}

// read returns a shipped file.
func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(b)
}

// replaceAll replaces texts, each of which must be there.
func replaceAll(t *testing.T, text string, replace ...string) string {
	t.Helper()
	for i := 0; i < len(replace); i += 2 {
		require.Contains(t, text, replace[i])
		text = strings.ReplaceAll(text, replace[i], replace[i+1])
	}
	return text
}

// command runs a command to its end and returns what it printed; it must succeed.
func command(t *testing.T, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	require.NoError(t, err, "%s %s\n%s", name, strings.Join(args, " "), out)
	return string(out)
}

// php is a stand-in for mosparo's front controller. It says which node it is, and what
// the balancer told it.
func (s *site) php(host int) *http.Server {
	s.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+health.CheckPath, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"service":"mosparo","healthy":true}`)
	})
	mux.HandleFunc("POST /broken", func(http.ResponseWriter, *http.Request) {
		s.broken.Add(1)
		panic(http.ErrAbortHandler)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Node", fmt.Sprintf("php%d", host))
		for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Prefix", "Forwarded"} {
			w.Header().Set("Got-"+name, strings.Join(r.Header.Values(name), ","))
		}
		w.Header().Set("Got-Host", r.Host)
	})
	l, err := net.Listen("tcp", s.addr(host, 80))
	require.NoError(s, err)
	server := &http.Server{Handler: mux}
	go func() { _ = server.Serve(l) }() // until it is closed
	s.Cleanup(func() { _ = server.Close() })
	return server
}

// node starts a Go node with the arguments and waits until it is ready.
func (s *site) node(host int, args ...string) *servers.Process {
	s.Helper()
	address := s.addr(host, 8080)
	all := append([]string{"--listen", address, "--admin", "off"}, args...)
	return servers.Program(s, program(s.T, "mosparo-node"), "", func() error { return ready(address) }, all...)
}

// ready returns nil if the node at the address is ready.
func ready(address string) error {
	client := http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Get("http://" + address + health.ReadyPath)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", res.Status)
	}
	return nil
}

// listens returns nil if a server listens on the address.
func listens(address string) error {
	c, err := net.DialTimeout("tcp", address, time.Second)
	if err == nil {
		_ = c.Close()
	}
	return err
}

// logOf returns what a process has written.
func logOf(t *testing.T, p *servers.Process) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(p.Dir(), "log"))
	require.NoError(t, err)
	return string(b)
}

// project has CSS in the database of mosparoDir.
const project = "0b0e7ab6-2b1c-4c1e-9a44-0123456789ab"

// mosparoDir makes a directory of mosparo with the database at database_… of the settings,
// or on SQLite without any. One submit token is due for the cleanup, and another one is not.
func mosparoDir(t *testing.T, settings map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o755)) //nolint:gosec // other users read it
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "config"), 0o755))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "public", "resources"), 0o755))
	if settings == nil {
		settings = map[string]string{"database_system": "sqlite", "database_driver": "pdo_sqlite", "database_path": filepath.Join(dir, "data.sqlite")}
		db, err := sql.Open("sqlite", settings["database_path"])
		require.NoError(t, err)
		defer db.Close()
		fill(t, db, sqlcleaner.SQLite)
	}
	var php strings.Builder
	php.WriteString("<?php\nreturn array (\n  'mosparo_installed' => true,\n  'mosparo_installed_version' => '1.5.4',\n")
	for name, value := range settings {
		fmt.Fprintf(&php, "  '%s' => '%s',\n", name, value)
	}
	php.WriteString(");\n")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config", "env.mosparo.php"), []byte(php.String()), 0o644))
	return dir
}

// fill creates mosparo's tables with a project and submit tokens.
func fill(t *testing.T, db *sql.DB, d sqlcleaner.Dialect) {
	t.Helper()
	require.NoError(t, schema.Create(t.Context(), db, d))
	execute(t, db, "INSERT INTO project (id, uuid) VALUES (1, '"+project+"')")
	for i, age := range []time.Duration{48 * time.Hour, 0} {
		execute(t, db, fmt.Sprintf("INSERT INTO submit_token (id, project_id, token, created_at) VALUES (%d, 1, 't', '%s')",
			i+1, time.Now().UTC().Add(-age).Format(time.DateTime)))
	}
}

// count returns the number that a query returns.
func count(t *testing.T, db *sql.DB, query string) (n int) {
	t.Helper()
	require.NoError(t, db.QueryRow(query).Scan(&n))
	return n
}

// execute executes a statement.
func execute(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	_, err := db.ExecContext(t.Context(), statement)
	require.NoError(t, err, statement)
}
