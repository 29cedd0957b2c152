package deploy_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/doc/comment"
	"go/format"
	"go/parser"
	"go/token"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/envconfig/health"
)

// foreign are the packages of others that excerpts use, by name.
var foreign = map[string]string{
	"context": "context", "errors": "errors", "fmt": "fmt", "http": "net/http", "httptest": "net/http/httptest", "log": "log",
	"os": "os", "slog": "log/slog", "sql": "database/sql", "testing": "testing", "time": "time",
	"gocron": "github.com/go-co-op/gocron/v2", "mysql": "github.com/go-sql-driver/mysql", "redis": "github.com/redis/go-redis/v9",
}

// given are the types of variables that excerpts take from the program around them, by
// name, or by place and name.
var given = map[string]string{
	"addr": "string", "body": "string", "id": "string", "project": "cssstore.UUID", "token": "health.Token",
	"admin": "*http.ServeMux", "mux": "*http.ServeMux", "public": "*http.ServeMux", "application": "http.Handler", "r": "*http.Request",
	"client": "*redis.Client", "cluster": "*redis.ClusterClient", "db": "*sqlcleaner.DB", "sqlDB": "*sql.DB",
	"css": "*csshttp.Handler", "projectDB": "*projectdb.DB", "projects": "csshttp.Projects", "store": "cssstore.Store",
	"ctx": "context.Context", "h": "slog.Handler", "scheduled": "time.Time", "t": "*testing.T",
	"locker": "*lock.Locker", "pool": "*cache.Pool", "node": "*connect.Node", "settings": "*envconfig.Settings",
	"mystore": "struct{ New func(dir string) cssstore.Store }", "newBackend": "func(*testing.T) lock.Backend",
	"write": "func(ctx context.Context, id string, fence uint64, body string) error", "writeReport": "func(context.Context) error",

	"cache/memcachedadapter New: servers": "*memcachedadapter.Servers",
	"cleanup/sqlcleaner package: dsn":     "string",
	"envconfig/connect RedisLogger: log":  "*slog.Logger",
}

// excerpts returns the Go code of documents and doc comments by place, in its order.
func excerpts(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, d := range documents(t) {
		if len(d.blocks["go"]) > 0 {
			all[d.path] = d.blocks["go"]
		}
	}
	docs, err := packageDocs()
	require.NoError(t, err)
	isGo := regexp.MustCompile(`:=|\bfunc\b|(?m)^(const|err =|type|var) |^\w+\.\w+\(`) // others are tables, SQL and command lines
	for dir, pkg := range docs {
		eachComment(pkg, func(where, text string) {
			eachBlock(pkg.Parser().Parse(text).Content, func(b comment.Block) {
				if b, ok := b.(*comment.Code); ok && isGo.MatchString(b.Text) {
					all[dir+" "+where] = append(all[dir+" "+where], b.Text)
				}
			})
		})
	}
	return all
}

// Go code in documents and doc comments is formatted and compiles: programs as they stand,
// the rest as the functions that inFunction makes of it.
func TestExcerpts_Compile(t *testing.T) {
	all := excerpts(t)
	require.Greater(t, len(all), 35)
	module, err := filepath.Abs(root)
	require.NoError(t, err)
	const dir = "examples/internal/excerpts" // may import all packages that excerpts show
	files, scratch := map[string]string{}, t.TempDir()
	add := func(name, text string) {
		file := filepath.Join(scratch, strings.ReplaceAll(name, "/", "_"))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		files[filepath.Join(module, dir, name)] = file
	}
	for where, texts := range all {
		name := regexp.MustCompile(`\W`).ReplaceAllString(where, "_")
		var parts []string
		for _, text := range texts {
			requireFormatted(t, where, text)
			if strings.HasPrefix(text, "package main\n") {
				add(fmt.Sprintf("%s_%d/main.go", name, len(files)), text)
			} else {
				parts = append(parts, text)
			}
		}
		if len(parts) > 0 {
			add(name+"_.go", inFunction(t, where, parts))
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": files})
	require.NoError(t, err)
	add("overlay.json", string(overlay))
	build := exec.CommandContext(t.Context(), "go", "build", "-overlay", files[filepath.Join(module, dir, "overlay.json")], "-gcflags=-e", "-o", os.DevNull, "./"+dir+"/...")
	build.Dir = root
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
}

// omitted is a line that stands for what an excerpt leaves out.
var omitted = regexp.MustCompile(`(?m)^(\t*)(…|\.\.\.)$`)

// requireFormatted checks that gofmt would not change a text, but for the alignment of
// comments.
func requireFormatted(t *testing.T, where, text string) {
	t.Helper()
	text = omitted.ReplaceAllString(text, "$1// ...")
	formatted, err := format.Source([]byte(text))
	require.NoError(t, err, "%s:\n%s", where, text)
	inLine := regexp.MustCompile(`(?m) +//`)
	plain := func(code string) string { return strings.TrimSpace(inLine.ReplaceAllString(code, " //")) }
	require.Equal(t, plain(string(formatted)), plain(text), "%s: run gofmt", where)
}

// inFunction makes a file of the excerpts of one place. They are statements of a function,
// each of which sees what the ones before have declared, and may declare it anew. Names that
// they do not declare are given, or those of packages. What they declare needs no use.
func inFunction(t *testing.T, where string, texts []string) string {
	t.Helper()
	const head = "package excerpts\n\nfunc _() error {\n"
	var body string
	for _, text := range texts {
		text = regexp.MustCompile(`(?m)^func (\w+)\(`).ReplaceAllString(omitted.ReplaceAllString(text, ""), "$1 := func(")
		f, err := parser.ParseFile(token.NewFileSet(), where, head+text+"\n}", parser.SkipObjectResolution)
		require.NoError(t, err, where)
		body += "{\n" + text + "\n"
		for _, statement := range f.Decls[0].(*ast.FuncDecl).Body.List {
			if s, ok := statement.(*ast.AssignStmt); ok && s.Tok == token.DEFINE {
				for _, left := range s.Lhs {
					body += "_ = " + left.(*ast.Ident).Name + "\n"
				}
			}
		}
	}
	body += strings.Repeat("}\n", len(texts)) + "return nil\n}\n"

	f, err := parser.ParseFile(token.NewFileSet(), where, head+body, 0)
	require.NoError(t, err, where)
	packages := importPaths(t, strings.Fields(where)[0])
	parameters, imports := map[string]bool{}, map[string]bool{}
	for _, name := range f.Unresolved {
		typ := given[where+": "+name.Name]
		if typ == "" {
			typ = given[name.Name]
		}
		if typ == "" {
			imports[name.Name] = true // or the compiler says that there is none
			continue
		}
		parameters[name.Name+" "+typ] = true
		for _, m := range regexp.MustCompile(`(\w+)\.`).FindAllStringSubmatch(typ, -1) {
			imports[m[1]] = true
		}
	}
	text := "package excerpts\n"
	for name := range imports {
		if packages[name] != "" {
			text += fmt.Sprintf("import %s %q\n", name, packages[name])
		}
	}
	return text + "func _(" + strings.Join(slices.Sorted(maps.Keys(parameters)), ", ") + ") error {\n" + body
}

// importPaths returns the packages that an excerpt in a directory may name.
func importPaths(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := maps.Clone(foreign)
	docs, err := packageDocs()
	require.NoError(t, err)
	for d, pkg := range docs {
		if d == dir || pkg.Name != "main" && !strings.Contains(d, "internal") {
			all[pkg.Name] = path.Join("github.com/mosparo/go-cluster", d)
		}
	}
	return all
}

// The program of the README serves mosparo's directory, and ends at a second signal.
func TestExcerpts_ReadmeServes(t *testing.T) {
	s := newSite(t)
	programs := readDocument(t, filepath.Join(root, "README.md")).blocks["go"]
	require.Len(t, programs, 1)
	driver := regexp.MustCompile(`_ "github.com/go-sql-driver/mysql" // .* or (modernc.org/sqlite)\n`)
	require.Regexp(t, driver, programs[0])
	address := s.addr(11, 8080)
	source := replaceAll(t, driver.ReplaceAllString(programs[0], "_ \"$1\"\n"), "/path/to/mosparo", mosparoDir(t, nil), ":8080", address)
	binary := filepath.Join(s.dir, "readme")
	command(t, "go", "build", "-o", binary, s.write("main.go", source))
	cmd := exec.CommandContext(t.Context(), binary)
	cmd.Env = []string{} // nothing but the directory says what the node is
	err := cmd.Start()
	require.NoError(t, err)
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	require.Eventually(t, func() bool { return ready(address) == nil }, patience, poll)
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.Eventually(t, func() bool {
		res, err := http.Get("http://" + address + health.ReadyPath)
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusServiceUnavailable
	}, patience, poll, "it drains")
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	require.Eventually(t, func() bool {
		_ = cmd.Process.Signal(syscall.SIGTERM) // one just after the first may count as the same
		select {
		case err = <-ended:
			return true
		default:
			return false
		}
	}, patience, poll)
	require.ErrorContains(t, err, "signal: terminated")
}
