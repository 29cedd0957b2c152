package cleanuptest

import (
	"context"
	"strconv"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
)

// wiredDatabase is the database of a process; its Clean is in simclean.go.
type wiredDatabase struct {
	*wire
	php bool
}

// Recent implements [cleanup.Database]. A request for one row is a health check's and
// decides nothing.
func (c wiredDatabase) Recent(ctx context.Context, n int) (runs []cleanup.Run, err error) {
	var at time.Duration
	ask := func() (err error) {
		at = c.w.now()
		runs, err = c.w.db.Recent(context.WithoutCancel(ctx), n)
		return err
	}
	if c.takesNoTime() {
		err = ask()
	} else {
		err = c.roundTrip(ctx, databaseServer, "recent", strconv.Itoa(n), ask)
	}
	if err != nil {
		return nil, err
	}
	if n > 1 {
		c.mu.Lock()
		c.read = at
		c.mu.Unlock()
	}
	return runs, nil
}

// Begin implements [cleanup.Database].
func (c wiredDatabase) Begin(ctx context.Context, at time.Time, by cleanup.Executor) (id int64, err error) {
	c.mu.Lock()
	c.readBefore, c.by = c.read, by
	c.mu.Unlock()
	err = c.do(ctx, databaseServer, "begin", "", func() (err error) {
		c.mu.Lock()
		c.inserted = c.w.now()
		c.mu.Unlock()
		id, err = c.w.db.Begin(context.WithoutCancel(ctx), at, by)
		return err
	})
	if err != nil {
		return 0, err
	}
	return id, nil
}

// Touch implements [cleanup.Database].
func (c wiredDatabase) Touch(ctx context.Context, id int64, at time.Time) error {
	return c.do(ctx, databaseServer, "touch", "", func() error { return c.w.db.Touch(context.WithoutCancel(ctx), id, at) })
}

// Finish implements [cleanup.Database].
func (c wiredDatabase) Finish(ctx context.Context, r cleanup.Run) error {
	return c.do(ctx, databaseServer, "finish", "", func() error { return c.w.db.Finish(context.WithoutCancel(ctx), r) })
}

// Withdraw implements [cleanup.Database].
func (c wiredDatabase) Withdraw(ctx context.Context, id int64) error {
	return c.do(ctx, databaseServer, "withdraw", "", func() error { return c.w.db.Withdraw(context.WithoutCancel(ctx), id) })
}
