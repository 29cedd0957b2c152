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
)

// recentRows is how many of the newest statistic rows a node looks at. mosparo
// writes one in hours, so the rows of all runs that may still go on are among them.
const recentRows = 50

// mostRows bounds how deep a node looks for rows that it can believe.
const mostRows = 50 * recentRows

// widestZones is how far two zones are apart at most. A stored time that is
// further ahead cannot be one of another zone, only one of a wrong clock.
const widestZones = 26 * time.Hour

// clockError is how much the clocks of nodes may differ before a time counts as
// wrong.
const clockError = 5 * time.Minute

// view is what a node sees.
type view struct {
	state  State
	record *RunRecord
	// foreign: there is a record, of a format that this version does not know.
	foreign bool
	pause   *Pause
	// rows are the newest rows that can be believed, all also those too far
	// ahead.
	rows, all []Row
	// strange says what was left out or looks wrong.
	strange []string
}

// fresh: nothing was ever planned or run, so that PHP would wait for ever.
func (v view) fresh() bool {
	return v.state.Next == nil && v.state.Additional == nil && v.state.Started == nil && len(v.rows) == 0
}

// unknown is the newest row of unknown status.
func unknown(rows []Row) *time.Time {
	for _, r := range rows {
		if r.Status == StatusUnknown {
			return &r.Time
		}
	}
	return nil
}

// look reads cache and statistics. A value that cannot be decoded counts as not
// set, as in PHP. Only with ours are the keys read that have a lifetime:
// reading may remove one that is over.
func (s *Scheduler) look(ctx context.Context, ours bool) (view, error) {
	ctx, cancel := context.WithTimeout(ctx, s.lookTimeout)
	defer cancel()
	var next, additional, started cache.Result[time.Time]
	var record cache.Result[RunRecord]
	var pause cache.Result[Pause]
	targets := []cache.Target{NextCleanup.Into(&next), AdditionalCleanup.Into(&additional), CleanupStartedAt.Into(&started)}
	if ours {
		targets = append(targets, RunKey.Into(&record), PauseKey.Into(&pause))
	}
	var v view
	// The rows first: a PHP node writes the next time before its row is complete.
	// Who read the schedule first could see the old schedule and then the
	// complete row of a run that has just been.
	var err error
	if v.all, err = s.recent(ctx); err != nil {
		return view{}, err
	}
	v.believe(time.Now())
	if err := cache.Read(ctx, s.pool, targets...); err != nil {
		return view{}, err
	}
	for _, t := range []struct {
		from cache.Result[time.Time]
		to   **time.Time
	}{{next, &v.state.Next}, {additional, &v.state.Additional}, {started, &v.state.Started}} {
		if *t.to, err = v.timeOf(t.from); err != nil {
			return view{}, err
		}
	}
	if ours {
		v.recordOf(record)
		v.pause = paused(pause, time.Now())
		if v.pause != nil && !pause.Present() {
			v.strange = append(v.strange, v.pause.Reason)
		}
	}
	if len(v.rows) > 0 {
		v.state.Newest = &v.rows[0].Time
	}
	v.state.NewestUnknown = unknown(v.rows)
	s.bound(&v, time.Now())
	for _, w := range v.strange {
		s.once(ctx, slog.LevelWarn, w)
	}
	s.mu.Lock()
	s.seen = v.rows
	s.mu.Unlock()
	return v, nil
}

// recent reads the newest rows, so many that the newest ones which can be
// believed are among them: rows of a wrong clock stay on top for years.
func (s *Scheduler) recent(ctx context.Context) ([]Row, error) {
	for n := recentRows; ; n *= 4 {
		rows, err := s.db.Recent(ctx, n)
		if err != nil || len(rows) < n || n >= mostRows || len(rows)-tooFarAhead(rows, time.Now()) >= recentRows {
			return rows, err
		}
	}
}

// tooFarAhead counts the rows that no zone explains; they are the first ones.
func tooFarAhead(rows []Row, now time.Time) (n int) {
	for n < len(rows) && rows[n].Time.After(now.Add(widestZones)) {
		n++
	}
	return n
}

// believe leaves out the rows that are too far ahead, for which PHP waits until
// their time has come. They stay in the table.
func (v *view) believe(now time.Time) {
	n := tooFarAhead(v.all, now)
	v.rows = v.all[n:]
	for i, row := range v.all[:n] {
		if i == 3 {
			v.strange = append(v.strange, fmt.Sprintf("%d more rows of cleanup_statistic are too far in the future", n-i))
			break
		}
		v.strange = append(v.strange, fmt.Sprintf("row %d of cleanup_statistic is of %s UTC, too far in the future for another time zone; it does not count and is left (was a clock wrong?)",
			row.ID, row.Time.UTC().Format(time.DateTime)))
	}
}

// recordOf takes a record of a known format. Another one is never taken: its
// owner ends it, or its lifetime.
func (v *view) recordOf(r cache.Result[RunRecord]) {
	var broken *cache.DecodeError
	switch {
	case r.Present() && r.Value.known():
		v.record = &r.Value
	case r.Present(), errors.As(r.Err, &broken):
		v.foreign = true
		v.strange = append(v.strange, string(RunKey)+" holds a record of a format that this version does not know: a newer node may clean, "+
			"so this one waits until it is gone, at most a day (if no newer node runs, delete the entry)")
	}
}

// waits reports whether neither schedule nor lock matter: an operator or a newer
// node keeps this one from cleaning.
func (v view) waits() bool { return v.pause != nil || v.foreign }

// timeOf is the value of a key, nil if it is not set or cannot be
// decoded. An error is one of the request, or a [*php.ZoneError].
func (v *view) timeOf(r cache.Result[time.Time]) (*time.Time, error) {
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
		v.strange = append(v.strange, broken.Key+" holds no time; it counts as not set, as for PHP")
		return nil, nil
	}
	return nil, r.Err
}

// hasAllZones reports whether this process has a zone database with the older
// names, which some systems leave out and PHP knows. A zone that it does not know
// then is none for PHP either.
var hasAllZones = sync.OnceValue(func() bool {
	_, current := time.LoadLocation("Europe/Zurich")
	_, older := time.LoadLocation("US/Pacific")
	return current == nil && older == nil
})

// bound leaves out times so far ahead that no policy can have planned them: a
// clock was wrong then, and mosparo would wait for it. What lies far back is
// used as it is, since it makes the cleanup due, and is reported.
func (s *Scheduler) bound(v *view, now time.Time) {
	const longestInterval, longestUnfinished = 24 * time.Hour, 360 * time.Minute
	drop := func(t **time.Time, key string, most time.Duration) {
		if *t != nil && (*t).After(now.Add(most+clockError)) {
			v.strange = append(v.strange, key+" is "+(*t).UTC().Format(time.DateTime)+
				" UTC, too far ahead to have been planned; it counts as not set (is a clock wrong?)")
			*t = nil
		}
	}
	st := &v.state
	drop(&st.Next, string(NextCleanup), longestInterval)
	drop(&st.Additional, string(AdditionalCleanup), longestUnfinished)
	drop(&st.Started, string(CleanupStartedAt), 0)
	if st.Newest != nil && st.Newest.After(now.Add(clockError)) {
		v.strange = append(v.strange, fmt.Sprintf("row %d of cleanup_statistic is of ", v.rows[0].ID)+st.Newest.UTC().Format(time.DateTime)+
			" UTC, in the future: a clock or the zone of the stored times is wrong")
	}
	if due, _, _ := s.policy.due(*st, now); due.Before(now.Add(-2 * longestInterval)) {
		v.strange = append(v.strange, "the cleanup was due at "+due.UTC().Format(time.DateTime)+" UTC, more than two days ago: does no node clean?")
	}
}
