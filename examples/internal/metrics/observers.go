package metrics

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/cssstore/csshttp"
	"github.com/mosparo/go-cluster/lock"
)

// Cache returns an observer of a [cache.Pool] or of a gocachestore.Store.
func Cache(r Recorder) func(context.Context, cache.Event) {
	return func(_ context.Context, e cache.Event) {
		r.Add(CacheOperations, 1, string(e.Op), e.Result)
		r.Observe(CacheDuration, e.Duration.Seconds(), string(e.Op))
	}
}

// Database returns an observer of a [sqlcleaner.DB] and of a projectdb.DB.
func Database(r Recorder) func(context.Context, sqlcleaner.Event) {
	return func(_ context.Context, e sqlcleaner.Event) {
		r.Add(DatabaseOperations, 1, e.Op, e.Result)
		r.Observe(DatabaseDuration, e.Duration.Seconds(), e.Op)
	}
}

// Lock returns an observer of a [lock.Locker]. names are those of the program's own
// locks that get a label; all others share one, since a program may have a lock for
// each of its users.
func Lock(r Recorder, names ...string) func(context.Context, lock.Event) {
	return func(_ context.Context, e lock.Event) {
		name := e.Name
		if !slices.Contains(names, name) {
			name = lockLabel(name)
		}
		r.Add(LockOperations, 1, name, e.Op, e.Result)
		switch e.Op {
		case "acquire":
			if e.Err == nil {
				r.Observe(LockWait, e.Duration.Seconds(), name)
			}
		case "release", "end":
			r.Observe(LockHold, e.Duration.Seconds(), name)
			if e.Result == "lost" {
				r.Add(LeasesLost, 1, name)
			}
		}
	}
}

// lockLabel returns the first word of a name of the library's own, whose other words
// are the UUID of a project or the like, and "other" for any other name.
func lockLabel(name string) string {
	own, ok := strings.CutPrefix(name, lock.ReservedPrefix)
	if !ok {
		return "other"
	}
	if i := strings.IndexAny(own, "./"); i >= 0 {
		own = own[:i]
	}
	return own
}

// Cleanup returns an observer of a [cleanup.Scheduler].
func Cleanup(r Recorder) func(context.Context, cleanup.Event) {
	return func(_ context.Context, e cleanup.Event) {
		executor := e.Executor.String()
		r.Add(CleanupAttempts, 1, executor, e.Result.String())
		if e.Result == cleanup.ResultCompleted || e.Result == cleanup.ResultUnfinished {
			r.Observe(CleanupDuration, e.Duration.Seconds(), executor)
		}
		r.Add(CleanupSubmissions, float64(e.Report.DeletedSubmissions))
		r.Add(CleanupTokens, float64(e.Report.DeletedTokens))
		r.Add(CleanupOverlaps, float64(len(e.Overlaps)))
		switch {
		case e.Result == cleanup.ResultCompleted: // just now
			r.Set(CleanupComplete, unixSeconds(time.Now()))
		case e.SinceComplete >= 0:
			r.Set(CleanupComplete, unixSeconds(time.Now().Add(-e.SinceComplete)))
		}
	}
}

func unixSeconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// CSS returns an observer of a [csshttp.Handler].
func CSS(r Recorder) func(context.Context, csshttp.Event) {
	return func(_ context.Context, e csshttp.Event) {
		if e.Op == "generate" {
			r.Add(CSSGenerations, 1, e.Result)
			r.Observe(CSSGeneration, e.Duration.Seconds())
			return
		}
		r.Add(CSSRequests, 1, e.Op, e.Result)
		r.Observe(CSSDuration, e.Duration.Seconds(), e.Op)
		if e.Op == "hash" && e.Age > 0 {
			r.Set(CSSAge, e.Age.Seconds())
		}
	}
}
