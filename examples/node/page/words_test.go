package page

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/lock"
)

func slogDiscard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestDuration_InWords(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Hour:                            "less than a second",
		time.Millisecond:                      "less than a second",
		59*time.Second + 999*time.Millisecond: "59 s",
		time.Minute:                           "1 min",
		5*time.Hour + 12*time.Minute:          "5 h 12 min",
		24 * time.Hour:                        "1 d",
		49 * time.Hour:                        "2 d 1 h",
	} {
		require.Equal(t, want, duration(d))
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000"} {
		require.Equal(t, want, number(n))
	}
	for d, want := range map[time.Duration]string{42 * time.Microsecond: "42 µs", 420 * time.Microsecond: "0.42 ms", 4200 * time.Microsecond: "4.2 ms", 420 * time.Millisecond: "420 ms"} {
		require.Equal(t, want, latency(d))
	}
}

func TestGlance_InAPersonsWords(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	in := now.Add
	for want, o := range map[string]cleanup.Overview{
		"Next cleanup in 5 h 12 min, on the regular schedule.":                                                                                           {Decision: cleanup.Decision{Due: in(5*time.Hour + 12*time.Minute), Reason: "regular_schedule"}},
		"Next cleanup in 5 h 12 min, on the regular schedule; the grace period adds 1 d.":                                                                {Decision: cleanup.Decision{Due: in(29*time.Hour + 12*time.Minute), Reason: "regular_schedule", Grace: 24 * time.Hour}},
		"Next cleanup in 18 h: it was due 6 h ago, on the regular schedule, and the grace period of 1 d leaves it to the cron job first.":                {Decision: cleanup.Decision{Due: in(18 * time.Hour), Reason: "regular_schedule", Grace: 24 * time.Hour}},
		"Next cleanup in 9 min, to continue an unfinished run.":                                                                                          {Decision: cleanup.Decision{Due: in(9 * time.Minute), Reason: "unfinished_run"}},
		"The cleanup is due now; the next node that looks starts it.":                                                                                    {Decision: cleanup.Decision{Due: in(-time.Minute), Run: true}},
		"A cleanup is running on web-2, for 4 min.":                                                                                                      {Running: &cleanup.Run{Host: "web-2", Time: in(-4 * time.Minute)}},
		"A cleanup is running on a PHP node, for 4 min.":                                                                                                 {Running: &cleanup.Run{Time: in(-4 * time.Minute)}},
		"A cleanup is running on a node that the cache does not name.":                                                                                   {Running: &cleanup.Run{NodeUnknown: true}},
		"The Go nodes do not clean for another 1 h, on the order of alice: upgrade. PHP nodes still clean.":                                              {Pause: &cleanup.Pause{Until: in(time.Hour), By: "alice", Reason: "upgrade"}},
		"The cleanup has been due for 3 h: no node that cleans seems to run. A PHP node cleans only when a visitor's request or its cron job starts it.": {Decision: cleanup.Decision{Due: in(-3 * time.Hour)}},
	} {
		require.Equal(t, want, glanceAt(o, time.Hour, now).Sentence)
	}
}

// Every outage has a sentence of its own, with what it means and what to do.
func TestOutage_HasASentenceOfItsOwn(t *testing.T) {
	now := time.Now()
	refused := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	for want, err := range map[string]error{
		"The shared cache refuses this node": fmt.Errorf("x: %w", errors.Join(cache.ErrUnavailable, cache.ErrUnauthorized)),
		"The shared cache does not answer":   errors.Join(cache.ErrUnavailable, context.DeadlineExceeded),
		"The shared cache cannot be reached": errors.Join(cache.ErrUnavailable, refused),
		"The shared cache fails":             errors.New("odd"),
	} {
		c := outage("The shared cache", err, now.Add(-4*time.Minute), now, withoutCache)
		require.Equal(t, want, c.Title)
		require.Equal(t, bad, c.Level)
		require.Equal(t, "For 4 min now. "+withoutCache, c.Text)
		require.NotEmpty(t, c.Remedy)
	}
	down := errors.New("down")
	for want, s := range map[string]state{
		"The shared cache fails":                  {cacheErr: down, overviewErr: down, locksErr: down},
		"The database fails":                      {databaseErr: down, overviewErr: down, projectsErr: down},
		"The lock server cannot be reached":       {locksErr: lock.ErrUnavailable, overviewErr: lock.ErrUnavailable},
		"The state of the cleanup cannot be read": {overviewErr: down},
		"The projects cannot be read":             {projectsErr: down},
		"This node is about to stop":              {ready: readiness{Status: "draining"}},
		"This node must not clean":                {overview: cleanup.Overview{CheckErr: cleanup.ErrRefused}},
	} {
		v := &view{Now: moment{now}}
		all := v.concerns(s)
		require.Len(t, all, 1, want)
		require.Equal(t, want, all[0].Title)
		require.NotEmpty(t, all[0].Text)
	}
	require.Len(t, (&view{}).concerns(state{cacheErr: down, databaseErr: down, overviewErr: down}), 2)
}

func TestLocks_AreExplained(t *testing.T) {
	for name, want := range map[string]string{
		cleanup.LockName: "the cleanup of the database", "mosparo/waiting/x": "a process waits for this lock",
		"mosparo/once/x@1": "a job that has run", "report": "nightly",
	} {
		require.Equal(t, want, purpose(lock.Holder{Name: name, Owner: lock.Owner{Label: "nightly"}}))
	}
}
