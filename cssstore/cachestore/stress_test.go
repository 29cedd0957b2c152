package cachestore_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cachestore"
	"github.com/mosparo/go-cluster/cssstore/internal/fixturetest"
)

var stress = flag.Duration("stress", stressTime(), "how long readers and writers work on one project")

func stressTime() time.Duration {
	if os.Getenv("MOSPARO_TEST_LONG") == "1" {
		return 2 * time.Second
	}
	return 500 * time.Millisecond
}

// window is the longest time that a writer took between the first and the last
// of what belongs together.
type window struct{ longest atomic.Int64 }

func (w *window) note(d time.Duration) {
	for {
		longest := w.longest.Load()
		if int64(d) <= longest || w.longest.CompareAndSwap(longest, int64(d)) {
			return
		}
	}
}

// watched is the adapter of one writer: what it sets belongs together until it
// has looked at it.
type watched struct {
	cache.Adapter
	*window
	set time.Time
}

func (w *watched) Set(ctx context.Context, items ...cache.Item) error {
	if w.set.IsZero() {
		w.set = time.Now()
	}
	return w.Adapter.Set(ctx, items...)
}

func (w *watched) Get(ctx context.Context, keys ...string) ([][]byte, error) {
	values, err := w.Adapter.Get(ctx, keys...)
	if !w.set.IsZero() {
		w.note(time.Since(w.set))
	}
	return values, err
}

// A version of a Go node is known by its CSS and by its hash: neither may come
// with anything else. The PHP-like writers leave time between their two writes.
func TestStore_AGoNodesVersionIsNeverTorn(t *testing.T) {
	const readers, goWriters, phpWriters = 64, 4, 4
	for name, open := range adapters(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, locker := open(t), fixturetest.Locker(t)
			ctx, cancel := context.WithTimeout(t.Context(), *stress)
			defer cancel()
			var all sync.WaitGroup
			var gets, puts, phpPuts, torn atomic.Int64
			var unfinished window
			var goHashes sync.Map // those of Go versions
			for w := range goWriters {
				all.Go(func() {
					own := &watched{Adapter: a, window: &unfinished}
					s := cachestore.New(cache.NewPool(own), cachestore.WithLocker(locker))
					for i := 0; ctx.Err() == nil; i++ {
						own.set = time.Time{}
						css := strings.Repeat(fmt.Sprintf(".go%d.v%d {}", w, i), 1+mathrand.IntN(50))
						goHashes.Store(hashOf(css), true)
						err := s.Put(context.WithoutCancel(ctx), cssstore.Resource{Project: project, Hash: hashOf(css), CSS: []byte(css)})
						if err != nil && !errors.Is(err, cssstore.ErrOverwritten) {
							t.Error(err)
						}
						puts.Add(1)
						time.Sleep(mathrand.N(5 * time.Millisecond))
					}
				})
			}
			for w := range phpWriters {
				all.Go(func() {
					php := fixturetest.PHPNode{Pool: cache.NewPool(a)}
					for i := 0; ctx.Err() == nil; i++ {
						css := strings.Repeat(fmt.Sprintf(".php%d.v%d {}", w, i), 1+mathrand.IntN(50))
						start := time.Now()
						php.PutCSS(t, css)
						time.Sleep(mathrand.N(5 * time.Millisecond))
						php.PutHash(t, css)
						unfinished.note(time.Since(start))
						phpPuts.Add(1)
						time.Sleep(mathrand.N(20 * time.Millisecond))
					}
				})
			}
			// The nodes: each has its own memory of what it has seen.
			nodes := make([]*cachestore.Store, 8)
			for i := range nodes {
				nodes[i] = cachestore.New(cache.NewPool(a), cachestore.WithLocker(locker))
			}
			for i := range readers {
				all.Go(func() {
					for ctx.Err() == nil {
						r, err := nodes[i%len(nodes)].Get(ctx, project)
						gets.Add(1)
						ofGo := strings.HasPrefix(string(r.CSS), ".go")
						if err == nil && ofGo && hashOf(string(r.CSS)) != r.Hash {
							t.Errorf("the css of a Go node under another hash: %.30q", r.CSS)
						}
						if _, ok := goHashes.Load(r.Hash); err == nil && ok && !ofGo {
							torn.Add(1)
						}
						time.Sleep(mathrand.N(2 * time.Millisecond))
					}
				})
			}
			all.Wait()
			require.NotZero(t, gets.Load())
			// A node that stops for that long in between cannot be told from one that
			// has stored new bytes under the same hash.
			longest := time.Duration(unfinished.longest.Load())
			t.Logf("%d gets, %d puts of Go nodes, %d of PHP nodes; %d times the hash of a Go node with the css of another; a writer stopped for %v",
				gets.Load(), puts.Load(), phpPuts.Load(), torn.Load(), longest)
			if longest < 4*cssstore.SettleTime {
				require.Zero(t, torn.Load(), "the hash of a Go node with the css of another")
			}

			// When all have ended, the last version is whole, too.
			s := cachestore.New(cache.NewPool(a), cachestore.WithLocker(locker))
			r, err := cssstore.GetSettled(t.Context(), s, project)
			require.NoError(t, err)
			if strings.HasPrefix(string(r.CSS), ".go") {
				require.Equal(t, hashOf(string(r.CSS)), r.Hash)
			}
		})
	}
}
