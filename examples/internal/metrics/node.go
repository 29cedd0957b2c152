package metrics

import (
	"context"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cssstore/csshttp"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/lock"
)

// Options let a node of [connect.Open] report to the recorder.
func Options(r Recorder) []connect.Option {
	return []connect.Option{
		connect.WithPoolOptions(cache.WithObserver(Cache(r))),
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

// begin records what does not change, and zero for counters on which alerts rely: the
// first increase of a counter that was absent does not count as one.
func begin(r Recorder, n *connect.Node) {
	version, goVersion := "unknown", "unknown"
	if b, ok := debug.ReadBuildInfo(); ok {
		version, goVersion = b.Main.Version, b.GoVersion
	}
	r.Set(BuildInfo, 1, version, goVersion)
	source := "files"
	switch {
	case n.CSS == nil:
		source = "none"
	case n.Settings.Cache.PrepareCSS:
		source = "shared_cache"
	}
	r.Set(NodeInfo, 1, n.Mode.String(), source)
	for _, m := range All() {
		if m.Kind == Counter && len(m.Labels) == 0 {
			r.Add(m, 0)
		}
	}
	r.Add(LeasesLost, 0, lockLabel(cleanup.LockName))
	r.Add(CSSGenerations, 0, "error")
	r.Add(DatabasePings, 0, "ok")
	r.Add(DatabasePings, 0, "error")
}

func pingDatabase(ctx context.Context, r Recorder, db cleanup.Database) {
	start := time.Now()
	result := "ok"
	if err := ping(ctx, db); err != nil {
		result = "error"
	}
	r.Add(DatabasePings, 1, result)
	r.Observe(DatabaseDuration, time.Since(start).Seconds())
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
