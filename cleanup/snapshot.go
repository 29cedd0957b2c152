package cleanup

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/php"
	"github.com/mosparo/go-cluster/cleanup/internal/runrecord"
)

// recentRuns is how many of the newest runs a node reads. mosparo cleans every few
// hours, so all runs that may be under way are among them.
const recentRuns = 50

// maxRuns limits how far back a node reads for runs with a plausible time.
const maxRuns = 50 * recentRuns

// maxZoneDifference is how far two zones are apart at most. A stored time that is
// further ahead is not of another zone, but of a wrong clock.
const maxZoneDifference = 26 * time.Hour

// fullSnapshot is a [Snapshot] with all else that a node reads in the same pass.
type fullSnapshot struct {
	Snapshot

	// record is that of a Go node's run, nil if there is none. foreign is true if
	// there is one in an unknown format.
	record  *runrecord.Record
	foreign bool
	pause   *Pause
	// runs are the newest runs without those whose time is too far ahead, all the
	// newest runs with them.
	runs, all []Run
	// warnings say what was ignored or looks wrong.
	warnings []string
}

// isFresh reports whether there is neither schedule nor run, so that PHP nodes would
// wait forever.
func (v *fullSnapshot) isFresh() bool {
	return v.Next == nil && v.Additional == nil && v.Started == nil && len(v.runs) == 0
}

// isBlocked reports whether a pause or a newer node keeps this one from cleaning,
// also when it is due.
func (v *fullSnapshot) isBlocked() bool { return v.pause != nil || v.foreign }

// snapshot reads cache and statistics. A value that cannot be decoded counts as not
// set, as in PHP. It reads the keys of Go nodes only withGoKeys: reading removes an
// expired one from a filesystem cache, and a node that observes must not write.
func (s *Scheduler) snapshot(ctx context.Context, withGoKeys bool) (fullSnapshot, error) {
	ctx, cancel := withLazyTimeout(ctx, s.readTimeout)
	defer cancel()
	var v fullSnapshot
	// The statistics first, since a PHP node writes the schedule before it completes
	// its row. The other way round, the snapshot could have the old schedule and the
	// run that has just completed: the cleanup would be due again.
	var err error
	if v.all, err = s.recent(ctx); err != nil {
		return fullSnapshot{}, err
	}
	v.dropFutureRuns(time.Now())
	if err := s.readCache(ctx, &v, withGoKeys); err != nil {
		return fullSnapshot{}, err
	}
	if len(v.runs) > 0 {
		v.Newest = &v.runs[0].Time
	}
	v.NewestUnknown = newestUnknown(v.runs)
	v.dropFutureTimes(s.policy, time.Now())
	for _, w := range v.warnings {
		s.logOnce(ctx, slog.LevelWarn, w)
	}
	s.mu.Lock()
	s.lastRuns = v.runs
	s.mu.Unlock()
	return v, nil
}

// keyReader holds the keys of a snapshot as they were last read. The scheduler uses it
// again, since reading them is most of what it does.
type keyReader struct {
	next, additional, started cache.Result[time.Time]
	record                    cache.Result[runrecord.Record]
	pause                     cache.Result[Pause]

	ofMosparo, all []cache.Target
}

func newKeyReader() *keyReader {
	r := &keyReader{}
	r.all = []cache.Target{
		NextCleanup.Into(&r.next), AdditionalCleanup.Into(&r.additional), CleanupStartedAt.Into(&r.started),
		runrecord.Key.Into(&r.record), pauseKey.Into(&r.pause),
	}
	r.ofMosparo = r.all[:3]
	return r
}

// readCache reads the keys in one request.
func (s *Scheduler) readCache(ctx context.Context, v *fullSnapshot, withGoKeys bool) (err error) {
	r := s.readers.Get().(*keyReader)
	defer s.readers.Put(r)
	targets := r.ofMosparo
	if withGoKeys {
		targets = r.all
	}
	if err := cache.Read(ctx, s.pool, targets...); err != nil {
		return err
	}
	if v.Next, err = v.timeOf(&r.next); err != nil {
		return err
	}
	if v.Additional, err = v.timeOf(&r.additional); err != nil {
		return err
	}
	if v.Started, err = v.timeOf(&r.started); err != nil {
		return err
	}
	if !withGoKeys {
		return nil
	}
	if v.record, v.foreign = runrecord.Interpret(r.record); v.foreign {
		v.warnings = append(v.warnings, string(runrecord.Key)+" holds a record of a format that this version does not know: a newer node may clean, "+
			"so this one waits until it is gone, at most a day (if no newer node runs, delete the entry)")
	}
	v.pause = activePause(r.pause, time.Now())
	if v.pause != nil && !r.pause.Present() {
		v.warnings = append(v.warnings, v.pause.Reason)
	}
	return nil
}

// timeOf returns a copy of the value of a key, nil if it is not set or cannot be decoded. The
// error is that of the request, or a [*php.ZoneError].
func (v *fullSnapshot) timeOf(r *cache.Result[time.Time]) (*time.Time, error) {
	if r.Present() {
		at := r.Value
		return &at, nil
	}
	if r.Missing() {
		return nil, nil
	}
	var broken *cache.DecodeError
	var zone *php.ZoneError
	switch {
	case errors.As(r.Err, &zone) && !hasAllZones():
		return nil, r.Err // PHP can read it, so it counts
	case errors.As(r.Err, &broken):
		v.warnings = append(v.warnings, broken.Key+" holds no time; it counts as not set, as for PHP")
		return nil, nil
	}
	return nil, r.Err
}

// hasAllZones reports whether this process has a zone database with the older names,
// which PHP knows and some systems do not install. If it has, a zone that it does not
// know is unknown to PHP as well.
var hasAllZones = sync.OnceValue(func() bool {
	_, current := time.LoadLocation("Europe/Zurich")
	_, older := time.LoadLocation("US/Pacific")
	return current == nil && older == nil
})

// recent reads enough of the newest runs to have [recentRuns] with a plausible time:
// those of a wrong clock may remain the newest for years.
func (s *Scheduler) recent(ctx context.Context) ([]Run, error) {
	for n := recentRuns; ; n *= 4 {
		runs, err := s.db.Recent(ctx, n)
		if err != nil || len(runs) < n || n >= maxRuns || len(runs)-tooFarAhead(runs, time.Now()) >= recentRuns {
			return runs, err
		}
	}
}

// tooFarAhead counts the runs whose time no zone explains. They are the first.
func tooFarAhead(runs []Run, now time.Time) (n int) {
	for n < len(runs) && runs[n].Time.After(now.Add(maxZoneDifference)) {
		n++
	}
	return n
}

// newestUnknown returns the time of the newest run of unknown status, or nil.
func newestUnknown(runs []Run) *time.Time {
	for i := range runs { // a copy would escape, once for each run
		if runs[i].Status == StatusUnknown {
			return &runs[i].Time
		}
	}
	return nil
}

// dropFutureRuns ignores the runs that are too far ahead. PHP waits for their time.
func (v *fullSnapshot) dropFutureRuns(now time.Time) {
	n := tooFarAhead(v.all, now)
	v.runs = v.all[n:]
	for i, run := range v.all[:n] {
		if i == 3 {
			v.warnings = append(v.warnings, fmt.Sprintf("%d more rows of cleanup_statistic are too far in the future", n-i))
			break
		}
		v.warnings = append(v.warnings, fmt.Sprintf("row %d of cleanup_statistic is of %s UTC, too far in the future for another time zone; it does not count and is left (was a clock wrong?)",
			run.ID, run.Time.UTC().Format(time.DateTime)))
	}
}

// dropFutureTimes ignores times in the cache that no policy can have planned: a clock
// was wrong then, and PHP waits for them. A time far in the past is not ignored, since
// it makes the cleanup due, but it is reported.
func (v *fullSnapshot) dropFutureTimes(p Policy, now time.Time) {
	drop := func(t **time.Time, key string, max time.Duration) {
		if *t != nil && (*t).After(now.Add(max+runrecord.MaxClockSkew)) {
			v.warnings = append(v.warnings, key+" is "+(*t).UTC().Format(time.DateTime)+
				" UTC, too far ahead to have been planned; it counts as not set (is a clock wrong?)")
			*t = nil
		}
	}
	drop(&v.Next, string(NextCleanup), maxProcessInterval)
	drop(&v.Additional, string(AdditionalCleanup), maxUnfinishedInterval)
	drop(&v.Started, string(CleanupStartedAt), 0)
	if v.Newest != nil && v.Newest.After(now.Add(runrecord.MaxClockSkew)) {
		v.warnings = append(v.warnings, fmt.Sprintf("row %d of cleanup_statistic is of ", v.runs[0].ID)+v.Newest.UTC().Format(time.DateTime)+
			" UTC, in the future: a clock or the zone of the stored times is wrong")
	}
	if due, _, _ := p.due(v.Snapshot, now); due.Before(now.Add(-2 * maxProcessInterval)) {
		v.warnings = append(v.warnings, "the cleanup was due at "+due.UTC().Format(time.DateTime)+" UTC, more than two days ago: does no node clean?")
	}
}
