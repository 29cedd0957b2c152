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

// recentRuns is how many of the newest runs a node reads. mosparo runs every few
// hours, so all runs that may still be under way are among them.
const recentRuns = 50

// mostRuns bounds how far back a node reads for runs with a plausible time.
const mostRuns = 50 * recentRuns

// widestZones is how far two zones are apart at most. A stored time that is
// further ahead cannot be one of another zone, only one of a wrong clock.
const widestZones = 26 * time.Hour

// fullSnapshot is a Snapshot with all else that a node reads in the same pass.
type fullSnapshot struct {
	Snapshot

	// record is that of a Go node's run. foreign is true if there is one of a
	// format that this version does not know.
	record  *runrecord.Record
	foreign bool
	pause   *Pause
	// runs are the newest runs, without those whose time is too far ahead; all
	// includes those.
	runs, all []Run
	// warnings say what was left out or looks wrong.
	warnings []string
}

// isFresh reports whether nothing was ever planned or run, so that PHP nodes would
// wait for ever.
func (v *fullSnapshot) isFresh() bool {
	return v.Next == nil && v.Additional == nil && v.Started == nil && len(v.runs) == 0
}

// isBlocked reports whether neither schedule nor lock matter: an operator or a
// newer node keeps this one from cleaning.
func (v *fullSnapshot) isBlocked() bool { return v.pause != nil || v.foreign }

// snapshot reads cache and statistics. A value that cannot be decoded counts as
// not set, as in PHP. The keys of Go nodes are read only withOurs: they have a
// lifetime, and reading may remove an expired one.
func (s *Scheduler) snapshot(ctx context.Context, withOurs bool) (fullSnapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, s.readTimeout)
	defer cancel()
	var v fullSnapshot
	// The statistics first: a PHP node writes the next time before its run is
	// complete. A node that read the schedule first could see the old schedule and
	// then the complete run that has just ended.
	var err error
	if v.all, err = s.recent(ctx); err != nil {
		return fullSnapshot{}, err
	}
	v.dropFutureRuns(time.Now())
	if err := s.readCache(ctx, &v, withOurs); err != nil {
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

// readCache reads the keys in one request.
func (s *Scheduler) readCache(ctx context.Context, v *fullSnapshot, withOurs bool) (err error) {
	var next, additional, started cache.Result[time.Time]
	var record cache.Result[runrecord.Record]
	var pause cache.Result[Pause]
	targets := []cache.Target{NextCleanup.Into(&next), AdditionalCleanup.Into(&additional), CleanupStartedAt.Into(&started)}
	if withOurs {
		targets = append(targets, runrecord.Key.Into(&record), pauseKey.Into(&pause))
	}
	if err := cache.Read(ctx, s.pool, targets...); err != nil {
		return err
	}
	for _, t := range []struct {
		from cache.Result[time.Time]
		to   **time.Time
	}{{next, &v.Next}, {additional, &v.Additional}, {started, &v.Started}} {
		if *t.to, err = v.timeOf(t.from); err != nil {
			return err
		}
	}
	if !withOurs {
		return nil
	}
	if v.record, v.foreign = runrecord.Interpret(record); v.foreign {
		v.warnings = append(v.warnings, string(runrecord.Key)+" holds a record of a format that this version does not know: a newer node may clean, "+
			"so this one waits until it is gone, at most a day (if no newer node runs, delete the entry)")
	}
	v.pause = activePause(pause, time.Now())
	if v.pause != nil && !pause.Present() {
		v.warnings = append(v.warnings, v.pause.Reason)
	}
	return nil
}

// timeOf returns the value of a key, nil if it is not set or cannot be decoded. An
// error is one of the request, or a [*php.ZoneError].
func (v *fullSnapshot) timeOf(r cache.Result[time.Time]) (*time.Time, error) {
	var broken *cache.DecodeError
	var zone *php.ZoneError
	switch {
	case r.Err == nil:
		return &r.Value, nil
	case r.Missing():
		return nil, nil
	case errors.As(r.Err, &zone) && !hasAllZones():
		return nil, r.Err // PHP can read it, so it counts
	case errors.As(r.Err, &broken):
		v.warnings = append(v.warnings, broken.Key+" holds no time; it counts as not set, as for PHP")
		return nil, nil
	}
	return nil, r.Err
}

// hasAllZones reports whether this process has a zone database with the older
// names, which some systems leave out and PHP knows. If it has, a zone that it
// does not know is unknown to PHP as well.
var hasAllZones = sync.OnceValue(func() bool {
	_, current := time.LoadLocation("Europe/Zurich")
	_, older := time.LoadLocation("US/Pacific")
	return current == nil && older == nil
})

// recent reads so many of the newest runs that the newest ones with a plausible
// time are among them: those of a wrong clock stay on top for years.
func (s *Scheduler) recent(ctx context.Context) ([]Run, error) {
	for n := recentRuns; ; n *= 4 {
		runs, err := s.db.Recent(ctx, n)
		if err != nil || len(runs) < n || n >= mostRuns || len(runs)-tooFarAhead(runs, time.Now()) >= recentRuns {
			return runs, err
		}
	}
}

// tooFarAhead counts the runs whose time no zone explains; they are the first.
func tooFarAhead(runs []Run, now time.Time) (n int) {
	for n < len(runs) && runs[n].Time.After(now.Add(widestZones)) {
		n++
	}
	return n
}

// newestUnknown returns the time of the newest run of unknown status.
func newestUnknown(runs []Run) *time.Time {
	for _, r := range runs {
		if r.Status == StatusUnknown {
			return &r.Time
		}
	}
	return nil
}

// dropFutureRuns leaves out the runs that are too far ahead, for which PHP waits
// until their time has come. They stay in the table.
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

// dropFutureTimes leaves out times so far ahead that no policy can have planned
// them: a clock was wrong then, and mosparo would wait for it. A time far in the
// past is used as it is, since it makes the cleanup due, and is reported.
func (v *fullSnapshot) dropFutureTimes(p Policy, now time.Time) {
	drop := func(t **time.Time, key string, most time.Duration) {
		if *t != nil && (*t).After(now.Add(most+runrecord.MaxClockSkew)) {
			v.warnings = append(v.warnings, key+" is "+(*t).UTC().Format(time.DateTime)+
				" UTC, too far ahead to have been planned; it counts as not set (is a clock wrong?)")
			*t = nil
		}
	}
	drop(&v.Next, string(NextCleanup), longestProcessInterval)
	drop(&v.Additional, string(AdditionalCleanup), longestUnfinishedInterval)
	drop(&v.Started, string(CleanupStartedAt), 0)
	if v.Newest != nil && v.Newest.After(now.Add(runrecord.MaxClockSkew)) {
		v.warnings = append(v.warnings, fmt.Sprintf("row %d of cleanup_statistic is of ", v.runs[0].ID)+v.Newest.UTC().Format(time.DateTime)+
			" UTC, in the future: a clock or the zone of the stored times is wrong")
	}
	if due, _, _ := p.due(v.Snapshot, now); due.Before(now.Add(-2 * longestProcessInterval)) {
		v.warnings = append(v.warnings, "the cleanup was due at "+due.UTC().Format(time.DateTime)+" UTC, more than two days ago: does no node clean?")
	}
}
