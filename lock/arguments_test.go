package lock_test

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

	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/filelocker"
	"github.com/mosparo/go-cluster/lock/gocronlock"
	"github.com/mosparo/go-cluster/lock/locktest"
	"github.com/mosparo/go-cluster/lock/memcachedlocker"
	"github.com/mosparo/go-cluster/lock/memorylocker"
	"github.com/mosparo/go-cluster/lock/redislocker"
)

// arguments are a programmer's mistakes in the arguments of constructors and
// options, by what the panic says; none for functions without such arguments.
var arguments = map[string]map[string]func(){
	"lock.New": {
		"backend is nil":        func() { lock.New(nil) },
		"opts has a nil Option": func() { lock.New(memorylocker.New(), nil) },
	},
	"lock.WithCallTimeout": {"timeout is negative": func() { lock.WithCallTimeout(-1) }},
	"lock.WithPoll":        {"interval is negative": func() { lock.WithPoll(-1) }},
	"lock.WithDefaults": {
		"a duration of opts is negative": func() { lock.WithDefaults(lock.WithMinHold(-1)) },
		"opts has a nil AcquireOption":   func() { lock.WithDefaults(nil) },
	},
	"lock.WithLogger": nil, "lock.WithObserver": nil, // nil is silent
	"lock.WithRandom": nil, // nil is the default
	// Of one call, and often from people: its error.
	"lock.WithTTL": nil, "lock.WithWait": nil, "lock.WithMaxHold": nil, "lock.WithMinHold": nil, "lock.WithLabel": nil,
	"lock.FromContext": nil, "lock.CheckName": nil,
	"redislocker.New": {
		"client is nil":         func() { redislocker.New(nil) },
		"opts has a nil Option": func() { redislocker.New(redis.NewClient(&redis.Options{}), nil) },
		"client is a *redis.Ring": func() {
			ring := redis.NewRing(&redis.RingOptions{})
			defer ring.Close()
			redislocker.New(ring, redislocker.WithReplicas(1, 0))
		},
	},
	"redislocker.WithReplicas": {
		"n is negative":       func() { redislocker.WithReplicas(-1, time.Second) },
		"timeout is negative": func() { redislocker.WithReplicas(1, -1) },
	},
	"redislocker.WithLogger": nil,
	"memcachedlocker.New": {
		"client is nil":         func() { memcachedlocker.New(nil) },
		"opts has a nil Option": func() { memcachedlocker.New(memcache.New("127.0.0.1:1"), nil) },
	},
	"memcachedlocker.WithPrefix": nil,
	"filelocker.New": { // a directory comes from people
		"opts has a nil Option": func() { _, _ = filelocker.New("dir", nil) },
	},
	"filelocker.WithOwnerOf": nil,
	"memorylocker.New":       {"opts has a nil Option": func() { memorylocker.New(nil) }},
	"locktest.WithoutRule":   nil,
	"gocronlock.New": {
		"locker is nil": func() { gocronlock.New(nil) },
		"opts has a nil AcquireOption": func() {
			l := lock.New(memorylocker.New())
			defer l.Close()
			gocronlock.New(l, nil)
		},
	},
	"gocronlock.Name": nil,
	"locktest.NewFaulty": {
		"backend is nil":              func() { locktest.NewFaulty(nil) },
		"opts has a nil FaultyOption": func() { locktest.NewFaulty(memorylocker.New(), nil) },
	},
	"locktest.Conformance": {
		"open is nil": func() { locktest.Conformance(new(testing.T), nil) },
		"opts has a nil Option": func() {
			locktest.Conformance(new(testing.T), func(*testing.T) lock.Backend { return nil }, nil)
		},
	},
	"locktest.NewToken": nil,
}

func TestArguments_OfAProgrammerAreCheckedByTheConstructor(t *testing.T) {
	for _, dir := range []string{".", "redislocker", "memcachedlocker", "filelocker", "memorylocker", "gocronlock", "locktest"} {
		for _, name := range exportedFuncs(t, dir) {
			mistakes, ok := arguments[name]
			require.True(t, ok, "%s has no row", name)
			for says, mistake := range mistakes {
				require.Contains(t, panicOf(mistake), name+": "+says)
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

// exportedFuncs are the functions that users of a package see, without methods.
func exportedFuncs(t *testing.T, dir string) (names []string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	fset := token.NewFileSet()
	var files []*ast.File
	for _, path := range paths {
		if !strings.HasSuffix(path, "_test.go") {
			f, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
			require.NoError(t, err)
			files = append(files, f)
		}
	}
	p, err := doc.NewFromFiles(fset, files, "lock/"+dir)
	require.NoError(t, err)
	funcs := p.Funcs
	for _, typ := range p.Types {
		funcs = append(funcs, typ.Funcs...)
	}
	for _, f := range funcs {
		names = append(names, p.Name+"."+f.Name)
	}
	require.NotEmpty(t, names)
	return names
}

// A nil and a zero value of an option are the default, without a log line.
func TestArguments_NilAndZeroAreDefaults(t *testing.T) {
	c := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
	defer c.Close()
	redislocker.New(c, redislocker.WithReplicas(0, 0), redislocker.WithLogger(nil))
	l := lock.New(memorylocker.New(), lock.WithLogger(nil), lock.WithObserver(nil), lock.WithRandom(nil), lock.WithDefaults(lock.WithTTL(0)))
	defer l.Close()
	lease, err := l.Acquire(t.Context(), "n", lock.WithTTL(0))
	require.NoError(t, err)
	require.InDelta(t, lock.DefaultTTL, time.Until(lease.Expiry()), float64(time.Second))
}

// An option of a single call is often made from what people give: a nil one is an
// error of that call.
func TestAcquire_ANilOptionIsAnError(t *testing.T) {
	l := lock.New(memorylocker.New())
	defer l.Close()
	var arg *lock.ArgumentError
	_, err := l.Acquire(t.Context(), "n", nil)
	require.ErrorAs(t, err, &arg)
	require.Equal(t, "opts", arg.Arg)
	require.ErrorAs(t, l.Once(t.Context(), lock.Slot{Name: "n", Key: "k"}, time.Minute, nil), &arg)
}
