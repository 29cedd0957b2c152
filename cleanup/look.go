package cleanup

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/mosparo/go-cluster/cache"
)

// recentRows is how many of the newest statistic rows a node looks at. mosparo
// writes one in hours, so the rows of all runs that may still go on are among them.
const recentRows = 50

// view is what a node sees.
type view struct {
	state  State
	record *RunRecord
	rows   []Row
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
// set, as in PHP.
func (s *Scheduler) look(ctx context.Context) (view, error) {
	var next, additional, started cache.Result[time.Time]
	var record cache.Result[RunRecord]
	targets := []cache.Target{NextCleanup.Into(&next), AdditionalCleanup.Into(&additional), CleanupStartedAt.Into(&started)}
	if s.mode == Clean {
		// Reading a key with a lifetime may remove it: not for an observer.
		targets = append(targets, RunKey.Into(&record))
	}
	if err := cache.Read(ctx, s.pool, targets...); err != nil {
		return view{}, err
	}
	var v view
	var err error
	if v.state.Next, err = s.timeOf(ctx, next); err != nil {
		return view{}, err
	}
	if v.state.Additional, err = s.timeOf(ctx, additional); err != nil {
		return view{}, err
	}
	if v.state.Started, err = s.timeOf(ctx, started); err != nil {
		return view{}, err
	}
	if s.mode == Clean && record.Present() {
		v.record = &record.Value
	}
	if v.rows, err = s.db.Recent(ctx, recentRows); err != nil {
		return view{}, err
	}
	if len(v.rows) > 0 {
		v.state.Newest = &v.rows[0].Time
	}
	v.state.NewestUnknown = unknown(v.rows)
	s.bound(ctx, &v.state)
	return v, nil
}

// timeOf is the value of a key, nil if it is not set or cannot be decoded.
func (s *Scheduler) timeOf(ctx context.Context, r cache.Result[time.Time]) (*time.Time, error) {
	var broken *cache.DecodeError
	switch {
	case r.Err == nil:
		return &r.Value, nil
	case r.Missing():
		return nil, nil
	case errors.As(r.Err, &broken):
		s.once(ctx, slog.LevelWarn, "a key of the cleanup schedule holds no time; it counts as not set, as for PHP",
			slog.String("key", broken.Key))
		return nil, nil
	}
	return nil, r.Err
}

// bound leaves out times so far ahead that no policy can have planned them: a
// clock was wrong then, and mosparo would wait for it.
func (s *Scheduler) bound(ctx context.Context, st *State) {
	limit := time.Now().Add(24*time.Hour + MarkerAge)
	drop := func(t **time.Time, key string) {
		if *t != nil && (*t).After(limit) {
			s.once(ctx, slog.LevelWarn, "a time of the cleanup schedule is too far ahead to have been planned; it counts as not set",
				slog.String("key", key), slog.Time("time", **t))
			*t = nil
		}
	}
	drop(&st.Next, string(NextCleanup))
	drop(&st.Additional, string(AdditionalCleanup))
	drop(&st.Started, string(CleanupStartedAt))
}
