package connect_test

import (
	"bytes"
	"context"
	"database/sql"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/dsn"
)

// arguments has a row for each exported function: the calls with a
// programmer's mistake and the argument that the panic names, and the calls
// with what is the default or comes from people.
var arguments = map[string]struct {
	panics map[string]func()
	fine   []func()
}{
	"Cache":                {panics: map[string]func(){"s is nil": func() { _, _ = connect.Cache(nil) }}},
	"Lock":                 {panics: map[string]func(){"s is nil": func() { _, _, _ = connect.Lock(nil) }}},
	"Database":             {panics: map[string]func(){"s is nil": func() { _, _, _ = connect.Database(nil, nil) }}},
	"Redis":                {panics: map[string]func(){"d is nil": func() { _, _ = connect.Redis(nil) }}},
	"Memcached":            {panics: map[string]func(){"d is nil": func() { _, _, _ = connect.Memcached(nil) }}},
	"KeyPatterns":          {fine: []func(){func() { connect.KeyPatterns() }}},
	"LocksAreLocal":        {panics: map[string]func(){"s is nil": func() { connect.LocksAreLocal(nil) }}},
	"CleanupPolicy":        {panics: map[string]func(){"s is nil": func() { connect.CleanupPolicy(nil) }}},
	"DescribeDSN":          {fine: []func(){func() { _, _ = connect.DescribeDSN(context.Background(), "") }}},
	"Open":                 {panics: map[string]func(){"s is nil": func() { _, _ = connect.Open(context.Background(), nil) }}},
	"Listen":               {fine: []func(){func() { _, _ = connect.Listen(context.Background(), "no-address") }}},
	"WithMode":             {fine: []func(){func() { connect.WithMode(cleanup.ModeObserve) }}},
	"WithDrain":            {panics: map[string]func(){"d is negative": func() { connect.WithDrain(-1) }}, fine: []func(){func() { connect.WithDrain(0) }}},
	"WithZone":             {panics: map[string]func(){"zone is nil": func() { connect.WithZone(nil) }}},
	"WithMySQLTLS":         {panics: map[string]func(){"register is nil": func() { connect.WithMySQLTLS(nil) }}},
	"WithCache":            {panics: map[string]func(){"a is nil": func() { connect.WithCache(nil) }}},
	"WithLock":             {panics: map[string]func(){"b is nil": func() { connect.WithLock(nil) }}},
	"WithDatabase":         {panics: map[string]func(){"db is nil": func() { connect.WithDatabase(nil) }}},
	"WithProjects":         {panics: map[string]func(){"p is nil": func() { connect.WithProjects(nil) }}},
	"WithStore":            {panics: map[string]func(){"store is nil": func() { connect.WithStore(nil) }}},
	"WithPoolOptions":      {fine: []func(){func() { connect.WithPoolOptions() }}},
	"WithDatabaseObserver": {fine: []func(){func() { connect.WithDatabaseObserver(nil) }}},
	"WithLockerOptions":    {fine: []func(){func() { connect.WithLockerOptions() }}},
	"WithSchedulerOptions": {fine: []func(){func() { connect.WithSchedulerOptions() }}},
	"WithCSSOptions":       {fine: []func(){func() { connect.WithCSSOptions() }}},
	"WithHealthOptions":    {fine: []func(){func() { connect.WithHealthOptions() }}},
	"WithNodesOptions":     {fine: []func(){func() { connect.WithNodesOptions() }}},
	"WithoutNodes":         {fine: []func(){func() { _ = connect.WithoutNodes() }}},
	"WithHandler":          {panics: map[string]func(){"h is nil": func() { connect.WithHandler(nil) }}},
	"WithSQL": {panics: map[string]func(){
		"db is nil":                        func() { connect.WithSQL(nil, sqlcleaner.SQLite) },
		"dialect is none of the constants": func() { connect.WithSQL(new(sql.DB), 0) },
	}},
	"WithAdmin": {panics: map[string]func(){
		"l is nil": func() { connect.WithAdmin(nil, http.NotFoundHandler()) },
		"h is nil": func() { connect.WithAdmin(&net.TCPListener{}, nil) },
	}},
	"WithTimeout": {
		panics: map[string]func(){"d is negative": func() { connect.WithTimeout(-1) }},
		fine:   []func(){func() { connect.WithTimeout(0) }},
	},
	"WithLockReplicas": {panics: map[string]func(){
		"n is negative":       func() { connect.WithLockReplicas(-1, time.Second) },
		"timeout is negative": func() { connect.WithLockReplicas(1, -1) },
	}},
	"WithLogger":             {fine: []func(){func() { connect.WithLogger(nil) }}},
	"NewLogHandler":          {panics: map[string]func(){"h is nil": func() { connect.NewLogHandler(nil) }}},
	"NewRedisLogger":         {fine: []func(){func() { connect.NewRedisLogger(nil).Printf(context.Background(), "x") }}},
	"WithLockURL":            {fine: []func(){func() { connect.WithLockURL("") }}},
	"WithDatabaseParameters": {fine: []func(){func() { connect.WithDatabaseParameters(nil) }}},
	"WithMemcachedTLS":       {fine: []func(){func() { connect.WithMemcachedTLS(nil) }}},
	"WithMemcachedLogin":     {fine: []func(){func() { connect.WithMemcachedLogin("", dsn.Secret{}) }}},
}

func TestArguments(t *testing.T) {
	files := token.NewFileSet()
	packages, err := parser.ParseDir(files, ".", func(f fs.FileInfo) bool { return !strings.HasSuffix(f.Name(), "_test.go") }, 0) //nolint:staticcheck // one package without build tags
	require.NoError(t, err)
	var sources []*ast.File
	for _, f := range packages["connect"].Files {
		sources = append(sources, f)
	}
	p, err := doc.NewFromFiles(files, sources, "connect")
	require.NoError(t, err)
	functions := p.Funcs
	for _, typ := range p.Types {
		functions = append(functions, typ.Funcs...)
	}
	require.NotEmpty(t, functions)
	for _, f := range functions {
		row, ok := arguments[f.Name]
		require.True(t, ok, "%s has no row", f.Name)
		require.NotZero(t, len(row.panics)+len(row.fine), f.Name)
		for says, call := range row.panics {
			require.PanicsWithValue(t, "connect."+f.Name+": "+says, call)
		}
		for _, call := range row.fine {
			require.NotPanics(t, call, f.Name)
		}
	}
}

// A program that has options for all its parts takes one back for one of them.
func TestOptions_ALaterZeroIsTheDefaultAgain(t *testing.T) {
	var log bytes.Buffer
	s := settings(t, "FILESYSTEM_CACHE_PATH=")
	t.Setenv("TMPDIR", t.TempDir())
	for _, opts := range [][]connect.Option{
		{connect.WithLogger(slog.New(slog.NewTextHandler(&log, nil)))},
		{connect.WithLogger(slog.New(slog.NewTextHandler(&log, nil))), connect.WithLogger(nil)},
	} {
		log.Reset()
		_, closer, err := connect.Lock(s, opts...)
		require.NoError(t, err)
		require.NoError(t, closer.Close())
		require.Equal(t, len(opts) == 1, log.Len() > 0, log.String())
	}
	c := openedRedis(t, "redis://localhost", connect.WithTimeout(time.Second), connect.WithTimeout(0)).(*redis.Client)
	requireDefaults(t, c.Options(), nil)
}
