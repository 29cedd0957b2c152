package doctor

import (
	"context"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/dsn"
)

// usage is what a server is used for.
type usage struct{ cache, locks bool }

// part returns the name of the part, which for a server of both is that of the cache.
func (u usage) part() string {
	if u.cache {
		return "cache"
	}
	return "locks"
}

// addCache adds the check of the shared cache, which is also that of the locks unless
// they have a server of their own.
func (e *examination) addCache(locks lockServer) {
	use := usage{cache: true, locks: !locks.isSet()}
	c := e.settings.Cache
	switch {
	case c.Adapter == envconfig.AdapterRedis && c.Redis != nil:
		e.checks = append(e.checks, check{"cache", func(ctx context.Context) result { return e.redis(ctx, c.Redis, use) }})
	case c.Adapter == envconfig.AdapterMemcached && c.Memcached != nil:
		e.checks = append(e.checks, check{"cache", func(ctx context.Context) result { return e.memcached(ctx, c.Memcached, use) }})
	case c.Adapter == envconfig.AdapterFilesystem:
		e.checks = append(e.checks, check{"cache", e.cacheFiles})
	}
}

// addLocks adds the check of the locks if they have a server of their own.
func (e *examination) addLocks(locks lockServer) {
	use := usage{locks: true}
	switch {
	case locks.redis != nil:
		e.checks = append(e.checks, check{"locks", func(ctx context.Context) result { return e.redis(ctx, locks.redis, use) }})
	case locks.memcached != nil:
		e.checks = append(e.checks, check{"locks", func(ctx context.Context) result { return e.memcached(ctx, locks.memcached, use) }})
	}
	if locks.isSet() {
		e.problems = append(e.problems, Finding{
			Code: "locks_elsewhere", Severity: Note, Subject: "locks",
			What:        "the locks are on another server than the shared cache",
			Consequence: "Go nodes exclude each other only if all of them use that server",
			Remedy:      "give all Go nodes the same address of the locks",
		})
	}
}

// lockServer parses the address of the locks, if it is not that of the cache.
func (e *examination) lockServer() (l lockServer) {
	var err error
	switch {
	case e.lockURL == "":
		return l
	case strings.HasPrefix(e.lockURL, "memcached:"):
		l.memcached, err = dsn.ParseMemcached(e.lockURL)
	default:
		l.redis, err = dsn.ParseRedis(e.lockURL)
	}
	if err != nil {
		e.problems = append(e.problems, Finding{
			Code: "lock_address_invalid", Severity: Error, Subject: "locks", What: err.Error(),
			Consequence: "a Go node does not start", Remedy: "write an address such as redis://host:6379 or memcached://host:11211",
		})
		return lockServer{}
	}
	return l
}

// snapshotTimeout limits reading the schedule for the check of the time zone.
const snapshotTimeout = 2 * time.Second

// snapshotLater reads mosparo's schedule in the background. The returned function waits for
// it, but leaves time for what follows if the cache hangs. A panic is a finding.
func (e *examination) snapshotLater(ctx context.Context) func() (cleanup.Snapshot, []Finding) {
	wait := snapshotTimeout
	if end, ok := ctx.Deadline(); ok {
		wait = min(wait, time.Until(end)/2)
	}
	late := time.After(wait)
	var read cleanup.Snapshot
	var findings []Finding
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				f := panicFinding("cache", "reading mosparo's schedule", p)
				f.Consequence = "the time zone of the database is not compared with the schedule"
				findings = append(findings, f)
			}
		}()
		read = e.snapshot(ctx)
	}()
	return func() (cleanup.Snapshot, []Finding) {
		select {
		case <-done:
			return read, findings
		case <-late:
			return cleanup.Snapshot{}, nil // the check of the cache says that it hangs
		}
	}
}

// snapshot reads mosparo's schedule from the shared cache, as far as it can be read: what
// is missing is not compared.
func (e *examination) snapshot(ctx context.Context) (s cleanup.Snapshot) {
	ctx, cancel := context.WithTimeout(ctx, snapshotTimeout)
	defer cancel()
	if d := e.settings.Cache.Memcached; e.settings.Cache.Adapter == envconfig.AdapterMemcached && (d == nil || !e.hasVersion(d)) {
		return s // reading would make a namespace version
	}
	adapter, err := connect.Cache(e.settings, e.connect...)
	if err != nil {
		return s
	}
	defer adapter.Close()
	var next, additional, started cache.Result[time.Time]
	pool := cache.NewPool(adapter)
	_ = cache.Read(ctx, pool, cleanup.NextCleanup.Into(&next), cleanup.AdditionalCleanup.Into(&additional), cleanup.CleanupStartedAt.Into(&started))
	s.Next, s.Additional, s.Started = timeOf(next), timeOf(additional), timeOf(started)
	s.GoRuns, _ = cleanup.RunTimes(ctx, pool)
	return s
}

func timeOf(r cache.Result[time.Time]) *time.Time {
	if r.Err != nil || r.Value.IsZero() {
		return nil
	}
	return &r.Value
}
