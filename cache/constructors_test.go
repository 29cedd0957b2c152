package cache_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest"
	"github.com/mosparo/go-cluster/cache/fileadapter"
	"github.com/mosparo/go-cluster/cache/gocachestore"
	"github.com/mosparo/go-cluster/cache/memcachedadapter"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cache/redisadapter"
)

// mistakes has a row for each constructor and option of the folder: the calls
// with a programmer's mistake, by what the panic says. One without a mistake takes
// zero and nil for the default, or takes what people give it and returns an error.
var mistakes = map[string]map[string]func(){
	"cache.NewPool": {
		"a is nil":              func() { cache.NewPool(nil) },
		"opts has a nil Option": func() { cache.NewPool(memoryadapter.New(), nil) },
	},
	"cache.NewEvent":         nil,
	"cache.WithMaxValueSize": {"bytes is negative": func() { cache.WithMaxValueSize(-1) }},
	"cache.WithLogger":       nil,
	"cache.WithObserver":     nil,

	"redisadapter.New": {
		"client is nil":         func() { redisadapter.New(nil) },
		"opts has a nil Option": func() { redisadapter.New(redis.NewClient(&redis.Options{}), nil) },
	},
	"redisadapter.WithMaxValueSize": {"bytes is negative": func() { redisadapter.WithMaxValueSize(-1) }},
	"redisadapter.WithOwned":        nil,

	"memcachedadapter.New": {
		"client is nil":         func() { memcachedadapter.New(nil, nil) },
		"opts has a nil Option": func() { memcachedadapter.New(memcache.New("127.0.0.1:1"), nil, nil) },
	},
	"memcachedadapter.WithItemLimit":      {"bytes is negative": func() { memcachedadapter.WithItemLimit(-1) }},
	"memcachedadapter.WithMaxDecodedSize": {"bytes is negative": func() { memcachedadapter.WithMaxDecodedSize(-1) }},
	"memcachedadapter.NewServers":         {"opts has a nil ServersOption": func() { _, _ = memcachedadapter.NewServers(nil, nil) }},
	"memcachedadapter.WithLogger":         {"": func() { memcachedadapter.New(memcache.New("127.0.0.1:1"), nil, memcachedadapter.WithLogger(nil)) }},
	"memcachedadapter.WithNamespace":      nil,
	"memcachedadapter.WithOwned":          nil,
	"memcachedadapter.WithZlib":           nil,
	"memcachedadapter.WithoutCompression": nil,
	"memcachedadapter.WithDistribution":   nil,
	"memcachedadapter.WithHash":           nil,
	"memcachedadapter.WithKeyPrefix":      nil,

	"fileadapter.New":              {"opts has a nil Option": func() { _, _ = fileadapter.New("dir", nil) }},
	"fileadapter.WithMaxValueSize": {"bytes is negative": func() { fileadapter.WithMaxValueSize(-1) }},
	"fileadapter.WithLogger":       nil,
	"fileadapter.WithNamespace":    nil,
	"fileadapter.WithOwned":        nil,
	"fileadapter.WithOwnerOf":      nil,

	"memoryadapter.New":              {"opts has a nil Option": func() { memoryadapter.New(nil) }},
	"memoryadapter.WithMaxValueSize": {"bytes is negative": func() { memoryadapter.WithMaxValueSize(-1) }},
	"memoryadapter.WithOwned":        nil,

	"gocachestore.New": {
		"a is nil":              func() { gocachestore.New(nil) },
		"opts has a nil Option": func() { gocachestore.New(memoryadapter.New(), nil) },
	},
	"gocachestore.NewAdapter": {
		"s is nil":                     func() { gocachestore.NewAdapter(nil) },
		"opts has a nil AdapterOption": func() { gocachestore.NewAdapter(gocachestore.New(memoryadapter.New()), nil) },
	},
	"gocachestore.WithMaxValueSize": {"bytes is negative": func() { gocachestore.WithMaxValueSize(-1) }},
	"gocachestore.WithCopyTTL":      {"d is negative": func() { gocachestore.WithCopyTTL(-time.Second) }},
	"gocachestore.WithDefaults":     {"opts has a nil store.Option": func() { gocachestore.WithDefaults(nil) }},
	"gocachestore.WithObserver":     nil,
	"gocachestore.WithPHPValues":    nil,
	"gocachestore.WithPrefix":       nil,

	"cachetest.Conformance": {
		"open is nil": func() { cachetest.Conformance(new(testing.T), nil) },
		"opts has a nil Option": func() {
			cachetest.Conformance(new(testing.T), func(*testing.T) cache.Adapter { return nil }, nil)
		},
	},
	"cachetest.NewFake": {"opts has a nil Option": func() { cachetest.NewFake(nil) }},
	"cachetest.NewFaulty": {
		"below is nil":                func() { cachetest.NewFaulty(nil) },
		"opts has a nil FaultyOption": func() { cachetest.NewFaulty(memoryadapter.New(), nil) },
	},
	"cachetest.WithMaxKeyLength": {"n is negative": func() { cachetest.WithMaxKeyLength(-1) }},
	"cachetest.WithMaxValueSize": {"n is negative": func() { cachetest.WithMaxValueSize(-1) }},
	"cachetest.WithResolution":   {"d is negative": func() { cachetest.WithResolution(-1) }},
	"cachetest.WithoutRule":      nil,
}

func TestConstructors_PanicForAProgrammersMistake(t *testing.T) {
	for _, dir := range []string{".", "redisadapter", "memcachedadapter", "fileadapter", "memoryadapter", "gocachestore", "cachetest"} {
		for _, name := range constructors(t, dir) {
			rows, ok := mistakes[name]
			require.True(t, ok, "%s has no row", name)
			for says, mistake := range rows {
				if says == "" {
					require.NotPanics(t, mistake, name)
					continue
				}
				require.Contains(t, panicOf(mistake), says, name)
			}
		}
	}
}

// panicOf is the text with which f panics, if it does.
func panicOf(f func()) (text string) {
	defer func() { text, _ = recover().(string) }()
	f()
	return ""
}

// constructors are the exported functions of a package that make something, and
// its options.
func constructors(t *testing.T, dir string) (names []string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	fset := token.NewFileSet()
	var files []*ast.File
	for _, path := range paths {
		if !strings.HasSuffix(path, "_test.go") {
			f, err := parser.ParseFile(fset, path, nil, 0)
			require.NoError(t, err)
			files = append(files, f)
		}
	}
	p, err := doc.NewFromFiles(fset, files, "cache/"+dir)
	require.NoError(t, err)
	funcs := p.Funcs
	for _, typ := range p.Types {
		funcs = append(funcs, typ.Funcs...)
	}
	for _, f := range funcs {
		if strings.HasPrefix(f.Name, "New") || strings.HasPrefix(f.Name, "With") || f.Name == "Conformance" {
			names = append(names, p.Name+"."+f.Name)
		}
	}
	require.NotEmpty(t, names)
	return names
}
