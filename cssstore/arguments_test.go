package cssstore_test

import (
	"context"
	"database/sql"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cssgen"
	"github.com/mosparo/go-cluster/cssstore/csshttp"
	"github.com/mosparo/go-cluster/cssstore/cssstoretest"
	"github.com/mosparo/go-cluster/cssstore/projectdb"
)

// noProjects is a database that cannot be read.
type noProjects struct{}

func (noProjects) Projects(context.Context) ([]cssstore.Project, error) {
	return nil, errors.New("the database is gone")
}

// mistakes are the arguments that an export panics for, by what the panic says;
// an export without any takes zero and nil for its default, or takes what people
// give it.
func mistakes(t *testing.T) map[string]map[string]func() {
	pool, locker, store := cache.NewPool(memoryadapter.New()), newLocker(t), cssstoretest.NewFake()
	db := projectdb.New(&sql.DB{}, sqlcleaner.SQLite)
	load := cssgen.FromPublic(t.TempDir(), "1.5.4")
	return map[string]map[string]func(){
		"cssstore.NewCached": {"pool is nil": func() { cssstore.NewCached(nil, nil) }},
		"cssstore.NewMirror": {
			"from":     func() { cssstore.NewMirror(nil, store, always()) },
			"to":       func() { cssstore.NewMirror(store, nil, always()) },
			"projects": func() { cssstore.NewMirror(store, store, nil) },
		},
		"cssstore.WithInterval":        {"WithInterval": func() { cssstore.WithInterval(-1) }},
		"cssstore.WithCompareInterval": {"WithCompareInterval": func() { cssstore.WithCompareInterval(-1) }},
		"cssstore.WithGrace":           {"WithGrace": func() { cssstore.WithGrace(-time.Second) }},
		"cssstore.NewFiles":            nil, // a directory comes from people
		"cssstore.WithFilesLogger":     nil,
		"cssstore.WithMirrorLogger":    nil,
		"cssstore.WithMappings":        nil,
		"csshttp.New": {
			"store is nil": func() { csshttp.New(nil, noProjects{}) },
			"list is nil":  func() { csshttp.New(store, nil) },
		},
		"csshttp.WithMode":             {"m is no mode": func() { csshttp.WithMode(2) }},
		"csshttp.WithRecheck":          {"d is negative": func() { csshttp.WithRecheck(-time.Second) }},
		"csshttp.WithMemory":           {"bytes is negative": func() { csshttp.WithMemory(-1) }},
		"csshttp.WithTrustedProxyFunc": {"trusts is nil": func() { csshttp.WithTrustedProxyFunc(nil) }},
		"csshttp.WithTrustedProxies":   nil,
		"csshttp.WithPublic":           nil,
		"csshttp.WithBase":             nil,
		"csshttp.WithBasePath":         nil,
		"csshttp.WithForwardedProto":   nil,
		"csshttp.WithGenerator":        nil,
		"csshttp.WithLogger":           nil,
		"cssgen.New": {
			"store is nil":    func() { cssgen.New(nil, db, pool, locker, load) },
			"settings is nil": func() { cssgen.New(store, nil, pool, locker, load) },
			"pool is nil":     func() { cssgen.New(store, db, nil, locker, load) },
			"locker is nil":   func() { cssgen.New(store, db, pool, nil, load) },
			"load is nil":     func() { cssgen.New(store, db, pool, locker, nil) },
		},
		"cssgen.WithSaveHash": nil,
		"cssgen.WithName":     nil,
		"cssgen.WithLogger":   nil,
		"projectdb.New": {
			"db is nil":             func() { projectdb.New(nil, sqlcleaner.SQLite) },
			"dialect is Dialect(0)": func() { projectdb.New(&sql.DB{}, 0) },
		},
		"design.New":               nil,
		"design.NewBase":           nil,
		"cssstoretest.NewFake":     nil,
		"cssstoretest.Conformance": {"open is nil": func() { cssstoretest.Conformance(t, nil) }},
		"cssstoretest.Fake.Delay":  {"d is negative": func() { store.Delay(-1) }},
	}
}

func TestArguments_AMistakePanicsInTheConstructorByName(t *testing.T) {
	rows := mistakes(t)
	for _, pkg := range []string{".", "csshttp", "cssgen", "projectdb", "design", "cssstoretest"} {
		for _, name := range constructors(t, pkg) {
			require.Contains(t, rows, name, "an export without a row")
		}
	}
	for name, all := range rows {
		for says, mistake := range all {
			func() {
				defer func() { require.Contains(t, recover(), says, name) }()
				mistake()
			}()
		}
	}
}

// constructors are the exported functions New… and With… of a package.
func constructors(t *testing.T, pkg string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(pkg, "*.go"))
	require.NoError(t, err)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		src, err := os.ReadFile(name)
		require.NoError(t, err)
		file, err := parser.ParseFile(token.NewFileSet(), name, src, 0)
		require.NoError(t, err)
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if ok && f.Recv == nil && (strings.HasPrefix(f.Name.Name, "New") || strings.HasPrefix(f.Name.Name, "With")) {
				names = append(names, file.Name.Name+"."+f.Name.Name)
			}
		}
	}
	require.NotEmpty(t, names)
	return names
}

func TestArguments_NilAndZeroAreTheDefaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := csshttp.New(cssstoretest.NewFake(), noProjects{}, csshttp.WithLogger(nil), csshttp.WithGenerator(nil),
			csshttp.WithPublic(nil), csshttp.WithBase(""), csshttp.WithRecheck(0), csshttp.WithMemory(0), csshttp.WithForwardedProto(""))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/resources/"+project.String()+".css", nil)) // logs from a goroutine
		require.Equal(t, 503, w.Code)
		require.NoError(t, h.Close())

		g := cssgen.New(cssstoretest.NewFake(), projectdb.New(&sql.DB{}, sqlcleaner.PostgreSQL), cache.NewPool(memoryadapter.New()), newLocker(t),
			func() (cssgen.Build, error) { return cssgen.Build{}, errors.New("no base css") },
			cssgen.WithLogger(nil), cssgen.WithName(""), cssgen.WithSaveHash(nil))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		require.ErrorIs(t, g.Run(ctx), context.DeadlineExceeded) // logs what it cannot publish
	})
}
