package connect_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/cleanuptest"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cachestore"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

// newServer is the program under test: pages of its own beside what a node serves.
func newServer(n *connect.Node) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", n.Handler())
	mux.HandleFunc("GET /mode", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, n.Mode) })
	return mux
}

// projects is the list of the cluster's projects, which mosparo's database has.
type projects []cssstore.Project

func (p projects) Projects(context.Context) ([]cssstore.Project, error) { return p, nil }

// testServer runs two servers of one cluster for a day, in milliseconds.
func testServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// What the nodes of a cluster share.
		shared, locks, db := memoryadapter.New(), memorylocker.New(), cleanuptest.NewFake()
		css := cssstore.Resource{Project: cssstore.UUID{1}, Hash: cssstore.Hash{2}, CSS: []byte(".form{}")}
		pool := cache.NewPool(shared)
		if err := cachestore.New(pool).Put(t.Context(), css); err != nil {
			t.Fatal(err)
		}
		if err := cleanup.NextCleanup.Set(t.Context(), pool, time.Now(), 0); err != nil {
			t.Fatal(err)
		}
		settings, err := envconfig.FromEnviron([]string{
			"mosparo_installed=1", "mosparo_installed_version=1.5.4", "MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE=1",
		})
		if err != nil {
			t.Fatal(err)
		}

		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		var servers []http.Handler
		for range 2 {
			node, err := connect.Open(ctx, settings, connect.WithMode(cleanup.ModeClean),
				connect.WithCache(shared), connect.WithLock(locks), connect.WithDatabase(db),
				connect.WithProjects(projects{{UUID: css.Project, Hash: css.Hash}}))
			if err != nil {
				t.Fatal(err)
			}
			defer node.Close()
			servers = append(servers, newServer(node))
			go func() { ended <- node.Run(ctx) }()
		}
		time.Sleep(24*time.Hour - time.Minute)

		for path, want := range map[string]string{
			"/mode": "clean",
			"/resources/" + css.Project.String() + "/" + css.Hash.String() + ".css": ".form{}",
		} {
			for _, s := range servers {
				w := httptest.NewRecorder()
				s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
				if got := w.Body.String(); got != want {
					t.Errorf("%s is %q, want %q", path, got, want)
				}
			}
		}
		if n := db.Cleans(); n != 4 {
			t.Errorf("the cluster cleaned %d times, want every 6 hours", n)
		}
		stop()
		for range servers {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	})
}

// A test of a server of your own, with fakes only: testServer is the test, which would
// be func TestServer(t *testing.T).
func ExampleOpen_fakes() {
	_ = testServer
}
