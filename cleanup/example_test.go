package cleanup_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/cleanuptest"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	pool := cache.NewPool(memoryadapter.New()) // a node uses connect.Cache
	locker := lock.New(memorylocker.New())     // and connect.Lock
	defer locker.Close()
	db := cleanuptest.NewFake() // and sqlcleaner.New
	fmt.Println(cleanup.NextCleanup.Set(ctx, pool, time.Now(), 0))

	s := cleanup.New(pool, locker, db, cleanup.WithMode(cleanup.ModeClean), cleanup.WithPolicy(cleanup.Policy{ProcessInterval: 6 * time.Hour}),
		cleanup.WithObserver(func(_ context.Context, e cleanup.Event) {
			fmt.Println(e.Executor, e.Result)
			cancel() // a node runs until it is stopped
		}))
	fmt.Println(s.Run(ctx))
	// Output:
	// <nil>
	// frontend_api completed
	// <nil>
}

// A program that cleans once, as a cron job does.
func ExampleScheduler_TryRun() {
	ctx := context.Background()
	locker := lock.New(memorylocker.New())
	defer locker.Close()
	s := cleanup.New(cache.NewPool(memoryadapter.New()), locker, cleanuptest.NewFake(), cleanup.WithMode(cleanup.ModeClean))
	a, err := s.TryRun(ctx, cleanup.ExecutorCommand)
	fmt.Println(a.Result, err)
	a, err = s.TryRun(ctx, cleanup.ExecutorCommand, cleanup.WhenDue())
	fmt.Println(a.Result, err)
	// Output:
	// completed <nil>
	// not_due <nil>
}

// A node that only observes: what it would do, and when.
func ExampleScheduler_Overview() {
	ctx := context.Background()
	pool := cache.NewPool(memoryadapter.New())
	locker := lock.New(memorylocker.New())
	defer locker.Close()
	next := time.Now().Add(time.Hour)
	fmt.Println(cleanup.NextCleanup.Set(ctx, pool, next, 0))

	s := cleanup.New(pool, locker, cleanuptest.NewFake())
	o, err := s.Overview(ctx)
	fmt.Println(o.Mode, o.Decision, o.Decision.Why(), err)
	// Output:
	// <nil>
	// observe not_due regular schedule <nil>
}

// mosparo's rules without any server.
func ExamplePolicy_Decide() {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	next := now.Add(-time.Minute)
	d := cleanup.Policy{}.Decide(cleanup.Snapshot{Next: &next}, now, false)
	fmt.Println(d)
	started := now.Add(-2 * time.Minute)
	d = cleanup.Policy{}.Decide(cleanup.Snapshot{Next: &next, Started: &started}, now, false)
	fmt.Println(d, "until", d.Until.Format(time.TimeOnly))
	// Output:
	// run
	// already_running until 12:03:00
}

// A node that cleans only while mosparo's version is one that this module knows.
func ExampleCheckVersion() {
	readSettings := func() (installed bool, version string, err error) { return true, "1.6.0", nil } // of env.mosparo.php
	check := func(context.Context, cleanup.Snapshot) error {
		installed, version, err := readSettings()
		if err != nil {
			return err // the version is unknown, so nothing is done
		}
		return cleanup.CheckVersion(installed, version)
	}
	locker := lock.New(memorylocker.New())
	defer locker.Close()
	s := cleanup.New(cache.NewPool(memoryadapter.New()), locker, cleanuptest.NewFake(), cleanup.WithMode(cleanup.ModeClean), cleanup.WithCheck(check))
	a, err := s.TryRun(context.Background(), cleanup.ExecutorCommand)
	fmt.Println(a.Result, errors.Is(err, cleanup.ErrRefused))
	// Output:
	// refused true
}
