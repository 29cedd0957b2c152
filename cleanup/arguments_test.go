package cleanup_test

import (
	"bytes"
	"context"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/cleanuptest"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

// mistakes are the arguments that each constructor panics for, by the name that
// the panic has to give.
func mistakes(pool *cache.Pool, l *lock.Locker) map[string]map[string]func() {
	db := cleanuptest.NewFake()
	return map[string]map[string]func(){
		"New": {
			"pool is nil":           func() { cleanup.New(nil, l, db) },
			"locker is nil":         func() { cleanup.New(pool, nil, db) },
			"db is nil":             func() { cleanup.New(pool, l, nil) },
			"opts has a nil Option": func() { cleanup.New(pool, l, db, nil) },
			"WithGuard: d is":       func() { cleanup.New(pool, l, db, cleanup.WithGuard(-1)) },
		},
		"WithCheck":       {"check is nil": func() { cleanup.WithCheck(nil) }},
		"WithGuard":       {"d is negative": func() { cleanup.WithGuard(-1) }},
		"WithLeaseTTL":    {"d is negative": func() { cleanup.WithLeaseTTL(-1) }},
		"WithCallTimeout": {"d is negative": func() { cleanup.WithCallTimeout(-1) }},
		"WithPoll":        {"d is negative": func() { cleanup.WithPoll(-1) }},
		"WithExecutor":    {"e is no executor of mosparo": func() { cleanup.WithExecutor(4) }},
		"WithLimits": {
			"Limits.Time is negative": func() { cleanup.WithLimits(cleanup.ExecutorCommand, cleanup.Limits{Time: -1}) },
			"Limits.Rows is negative": func() { cleanup.WithLimits(cleanup.ExecutorCommand, cleanup.Limits{Rows: -1}) },
			"e is no executor":        func() { cleanup.WithLimits(-1, cleanup.Limits{}) },
		},
		"WithExtra": {"cleaners[1] is nil": func() { cleanup.WithExtra(db.Clean, nil) }},
		"WithMode":  {"m is no mode": func() { cleanup.WithMode(2) }},
		"WithPolicy": {
			"p: cleanup: Policy.ProcessInterval is 1h30m0s, want 1 to 24 whole hours": func() { cleanup.WithPolicy(cleanup.Policy{ProcessInterval: 90 * time.Minute}) },
		},
		"WithLogger":   nil, // nil is silent
		"WithObserver": nil, // nil is silent
		"WithRandom":   nil, // nil is the default
		"WhenDue":      nil, // takes nothing
	}
}

func TestArguments_AMistakePanicsInTheConstructorByName(t *testing.T) {
	l := lock.New(memorylocker.New())
	t.Cleanup(l.Close)
	rows := mistakes(cache.NewPool(memoryadapter.New()), l)
	for _, name := range constructors(t) {
		require.Contains(t, rows, name, "a constructor without a row here")
		for want, f := range rows[name] {
			func() {
				defer func() { require.Contains(t, recover(), want, name) }()
				f()
			}()
		}
	}
}

func TestArguments_ZeroAndSilenceAreTheDefaults(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		var log bytes.Buffer
		observed := 0
		n := c.node(cleanup.ModeClean,
			// What comes later counts.
			cleanup.WithLogger(slog.New(slog.NewTextHandler(&log, nil))), cleanup.WithObserver(func(context.Context, cleanup.Event) { observed++ }),
			cleanup.WithLogger(nil), cleanup.WithObserver(nil), cleanup.WithRandom(nil),
			cleanup.WithPoll(0), cleanup.WithCallTimeout(0), cleanup.WithLeaseTTL(0), cleanup.WithGuard(0))
		require.Equal(t, c.node(cleanup.ModeClean).MaxDelay(), n.MaxDelay())
		c.due()
		began := time.Now()
		a, err := n.TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultCompleted, a.Result)
		require.Equal(t, guard+c.db.Takes, time.Since(began))
		require.Empty(t, log.String())
		require.Zero(t, observed)
	})
}

// constructors are the exported functions that make one of the package's types
// out of arguments.
func constructors(t *testing.T) (names []string) {
	t.Helper()
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	set := token.NewFileSet()
	var parsed []*ast.File
	for _, f := range files {
		if strings.HasSuffix(f.Name(), ".go") && !strings.HasSuffix(f.Name(), "_test.go") {
			file, err := parser.ParseFile(set, f.Name(), nil, parser.ParseComments)
			require.NoError(t, err)
			parsed = append(parsed, file)
		}
	}
	p, err := doc.NewFromFiles(set, parsed, "github.com/mosparo/go-cluster/cleanup")
	require.NoError(t, err)
	for _, typ := range p.Types {
		if !slices.Contains([]string{"Pause", "Run"}, typ.Name) { // PauseAll and ActiveRun are calls
			for _, f := range typ.Funcs {
				names = append(names, f.Name)
			}
		}
	}
	require.Contains(t, names, "New")
	require.Contains(t, names, "WithGuard")
	return names
}
