package nodes_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect/nodes"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

// TestArguments has a row for each exported function: the calls with a programmer's
// mistake and what the panic says. One without takes zero and nil for the default.
func TestArguments(t *testing.T) {
	pool, l := cache.NewPool(memoryadapter.New()), lock.New(memorylocker.New())
	defer l.Close()
	s, err := envconfig.FromEnviron(nil)
	require.NoError(t, err)
	rows := map[string]map[string]func(){
		"New": {
			"nodes.New: pool is nil":                       func() { nodes.New(nil, l, s) },
			"nodes.New: locker is nil":                     func() { nodes.New(pool, nil, s) },
			"nodes.New: s is nil":                          func() { nodes.New(pool, l, nil) },
			"nodes: New: opts has a nil Option":            func() { nodes.New(pool, l, s, nil) },
			"nodes: Publish: opts has a nil PublishOption": func() { _, _ = nodes.New(pool, l, s).Publish(t.Context(), time.Hour, nil) },
		},
		"Read":          {"nodes.Read: pool is nil": func() { _, _ = nodes.Read(t.Context(), nil) }},
		"ReadLists":     {"nodes.ReadLists: pool is nil": func() { _, _ = nodes.ReadLists(t.Context(), nil) }},
		"WithMode":      {"nodes.WithMode: m is no mode": func() { nodes.WithMode(cleanup.Mode(7)) }},
		"WithHost":      nil,
		"WithMayDiffer": nil,
		"WithLogger":    nil,
		"WithRandom":    nil,
		"WithFileLists": nil,
		"Compare":       nil,
		"CompareLists":  nil,
	}
	for _, name := range exportedFunctions(t) {
		row, ok := rows[name]
		require.True(t, ok, "%s has no row", name)
		for says, call := range row {
			require.PanicsWithValue(t, says, call)
		}
	}
	nodes.New(pool, l, s, nodes.WithHost(""), nodes.WithMayDiffer(), nodes.WithLogger(nil), nodes.WithRandom(nil), nodes.WithMode(cleanup.ModeObserve))
	require.Empty(t, nodes.Compare(nil))
	require.Empty(t, nodes.CompareLists(nil))
}

func exportedFunctions(t *testing.T) (names []string) {
	files := token.NewFileSet()
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	var sources []*ast.File
	for _, e := range entries {
		if name := e.Name(); strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			f, err := parser.ParseFile(files, name, nil, 0)
			require.NoError(t, err)
			sources = append(sources, f)
		}
	}
	p, err := doc.NewFromFiles(files, sources, "nodes")
	require.NoError(t, err)
	for _, f := range p.Funcs {
		names = append(names, f.Name)
	}
	for _, typ := range p.Types {
		for _, f := range typ.Funcs {
			names = append(names, f.Name)
		}
	}
	require.NotEmpty(t, names)
	return names
}
