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
	"github.com/mosparo/go-cluster/cssstore/cachestore"
	"github.com/mosparo/go-cluster/cssstore/cssgen"
	"github.com/mosparo/go-cluster/cssstore/csshttp"
	"github.com/mosparo/go-cluster/cssstore/cssstoretest"
	"github.com/mosparo/go-cluster/cssstore/filestore"
	"github.com/mosparo/go-cluster/cssstore/internal/fixturetest"
	"github.com/mosparo/go-cluster/cssstore/mirror"
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
	pool, locker, store := cache.NewPool(memoryadapter.New()), fixturetest.Locker(t), cssstoretest.NewFake()
	db := projectdb.New(&sql.DB{}, sqlcleaner.SQLite)
	in := cssgen.Inputs{Settings: db, LoadBuild: cssgen.FromPublic(t.TempDir(), "1.5.4")}
	return map[string]map[string]func(){
		"cachestore.New": {
			"pool is nil":    func() { cachestore.New(nil) },
			"opts[0] is nil": func() { cachestore.New(pool, nil) },
		},
		"cachestore.WithLocker":  nil,
		"filestore.New":          {"opts[0] is nil": func() { filestore.New("/", nil) }}, // a directory comes from people
		"filestore.WithGrace":    {"d is negative": func() { filestore.WithGrace(-time.Second) }},
		"filestore.WithLogger":   nil,
		"filestore.WithLocker":   nil,
		"filestore.WithMappings": nil,
		"mirror.New": {
			"s.Source is nil": func() { mirror.New(mirror.Stores{Target: store}, fixturetest.Always()) },
			"s.Target is nil": func() { mirror.New(mirror.Stores{Source: store}, fixturetest.Always()) },
			"projects is nil": func() { mirror.New(mirror.Stores{Source: store, Target: store}, nil) },
			"opts[1] is nil": func() {
				mirror.New(mirror.Stores{Source: store, Target: store}, fixturetest.Always(), mirror.WithLogger(nil), nil)
			},
		},
		"mirror.WithInterval":        {"d is negative": func() { mirror.WithInterval(-1) }},
		"mirror.WithCompareInterval": {"d is negative": func() { mirror.WithCompareInterval(-1) }},
		"mirror.WithLogger":          nil,
		"csshttp.New": {
			"store is nil":   func() { csshttp.New(nil, noProjects{}) },
			"list is nil":    func() { csshttp.New(store, nil) },
			"opts[0] is nil": func() { csshttp.New(store, noProjects{}, nil) },
		},
		"csshttp.WithMode":             {"m is no mode": func() { csshttp.WithMode(2) }},
		"csshttp.WithRecheck":          {"d is negative": func() { csshttp.WithRecheck(-time.Second) }},
		"csshttp.WithMemory":           {"bytes is negative": func() { csshttp.WithMemory(-1) }},
		"csshttp.WithTrustedProxyFunc": {"trusts is nil": func() { csshttp.WithTrustedProxyFunc(nil) }},
		"csshttp.WithTrustedProxies":   nil,
		"csshttp.WithPublic":           nil,
		"csshttp.WithBaseCSS":          nil,
		"csshttp.WithPathPrefix":       nil,
		"csshttp.WithForwardedProto":   nil,
		"csshttp.WithGenerator":        nil,
		"csshttp.WithLogger":           nil,
		"csshttp.WithObserver":         nil,
		"cssgen.New": {
			"store is nil":        func() { cssgen.New(nil, pool, locker, in) },
			"pool is nil":         func() { cssgen.New(store, nil, locker, in) },
			"locker is nil":       func() { cssgen.New(store, pool, nil, in) },
			"in.Settings is nil":  func() { cssgen.New(store, pool, locker, cssgen.Inputs{LoadBuild: in.LoadBuild}) },
			"in.LoadBuild is nil": func() { cssgen.New(store, pool, locker, cssgen.Inputs{Settings: db}) },
			"opts[0] is nil":      func() { cssgen.New(store, pool, locker, in, nil) },
		},
		"cssgen.WithSaveHash": nil,
		"cssgen.WithName":     nil,
		"cssgen.WithLogger":   nil,
		"projectdb.New": {
			"db is nil":             func() { projectdb.New(nil, sqlcleaner.SQLite) },
			"dialect is Dialect(0)": func() { projectdb.New(&sql.DB{}, 0) },
			"opts[0] is nil":        func() { projectdb.New(&sql.DB{}, sqlcleaner.SQLite, nil) },
		},
		"projectdb.WithObserver":   nil,
		"design.New":               nil,
		"design.NewBase":           nil,
		"cssstoretest.NewFake":     {"opts[0] is nil": func() { cssstoretest.NewFake(nil) }},
		"cssstoretest.WithoutRule": nil,
		"cssstoretest.Conformance": {
			"open is nil":    func() { cssstoretest.Conformance(t, nil) },
			"opts[0] is nil": func() { cssstoretest.Conformance(t, func(*testing.T) cssstore.Store { return store }, nil) },
		},
		"cssstoretest.Fake.Delay": {"d is negative": func() { store.Delay(-1) }},
	}
}

func TestArguments_AMistakePanicsInTheConstructorByName(t *testing.T) {
	rows := mistakes(t)
	for _, pkg := range []string{"cachestore", "filestore", "mirror", "csshttp", "cssgen", "projectdb", "design", "cssstoretest"} {
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
		h := csshttp.New(cssstoretest.NewFake(), noProjects{}, csshttp.WithLogger(nil), csshttp.WithObserver(nil), csshttp.WithGenerator(nil),
			csshttp.WithPublic(nil), csshttp.WithBaseCSS(""), csshttp.WithRecheck(0), csshttp.WithMemory(0), csshttp.WithForwardedProto(""))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/resources/"+fixturetest.Project.String()+".css", nil)) // logs from a goroutine
		require.Equal(t, 503, w.Code)
		require.NoError(t, h.Close())

		g := cssgen.New(cssstoretest.NewFake(), cache.NewPool(memoryadapter.New()), fixturetest.Locker(t), cssgen.Inputs{
			Settings:  projectdb.New(&sql.DB{}, sqlcleaner.PostgreSQL),
			LoadBuild: func() (cssgen.Build, error) { return cssgen.Build{}, errors.New("no base css") },
		},
			cssgen.WithLogger(nil), cssgen.WithName(""), cssgen.WithSaveHash(nil))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		require.ErrorIs(t, g.Run(ctx), context.DeadlineExceeded) // logs what it cannot publish

		f := filestore.New("/", filestore.WithLogger(nil), filestore.WithLocker(nil))
		failing := func(context.Context) ([]cssstore.UUID, error) { return nil, errors.New("the database is gone") }
		m := mirror.New(mirror.Stores{Source: f, Target: f}, failing, mirror.WithLogger(nil), mirror.WithInterval(0), mirror.WithCompareInterval(0))
		ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		require.ErrorIs(t, m.Run(ctx), context.DeadlineExceeded) // logs what it cannot list
	})
}
