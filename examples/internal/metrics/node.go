package metrics

import (
	"context"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/cssstore/csshttp"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/lock"
)

// Options let a node of [connect.Open] report to the recorder.
func Options(r Recorder) []connect.Option {
	return []connect.Option{
		connect.WithPoolOptions(cache.WithObserver(Cache(r))),
		connect.WithDatabaseObserver(Database(r)),
		connect.WithLockerOptions(lock.WithObserver(Lock(r))),
		connect.WithSchedulerOptions(cleanup.WithObserver(Cleanup(r))),
		connect.WithCSSOptions(csshttp.WithObserver(CSS(r))),
	}
}

// pingTimeout bounds the ping of the database, so that a scrape is answered while it
// hangs.
const pingTimeout = 2 * time.Second

// Handler returns what a node serves below /metrics: it records what no event tells,
// and then calls next, which writes the metrics.
func Handler(r Recorder, n *connect.Node, next http.Handler) http.Handler {
	begin(r, n)
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		ctx, cancel := context.WithTimeout(req.Context(), pingTimeout)
		defer cancel()
		pingDatabase(ctx, r, n.Database)
		next.ServeHTTP(w, req)
	})
}

// begin records what does not change, and zero for the counters on which alerts rely: the
// first increase of a counter that was absent does not count as one.
func begin(r Recorder, n *connect.Node) {
	version, goVersion := "unknown", "unknown"
	if b, ok := debug.ReadBuildInfo(); ok {
		version, goVersion = b.Main.Version, b.GoVersion
	}
	r.Set(BuildInfo, 1, version, goVersion)
	r.Set(NodeInfo, 1, n.Mode.String(), string(n.CSSSource))
	for _, m := range All() {
		if m.Kind != Gauge && len(m.Labels) == 0 {
			r.Init(m)
		}
	}
	r.Init(LeasesLost, lockLabel(cleanup.LockName))
	r.Init(CSSGenerations, "error")
	for _, result := range []string{"ok", "unavailable", "deadline", "other"} {
		r.Init(DatabaseOperations, "ping", result)
	}
}

// pingDatabase pings the database, so that a node that has nothing to clean knows its
// latency. That of [connect.Open] reports to its observer.
func pingDatabase(ctx context.Context, r Recorder, db cleanup.Database) {
	start := time.Now()
	err := ping(ctx, db)
	if _, observed := db.(*sqlcleaner.DB); !observed {
		Database(r)(ctx, sqlcleaner.NewEvent("ping", start, err))
	}
}

func ping(ctx context.Context, db cleanup.Database) error {
	if p, ok := db.(interface {
		Ping(ctx context.Context) error
	}); ok {
		return p.Ping(ctx)
	}
	_, err := db.Recent(ctx, 1)
	return err
}
