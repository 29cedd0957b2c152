package projectdb

import (
	"context"
	"errors"
	"time"

	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
)

// WithObserver sets a function that is called for every request to the database. The
// operations of its events are "projects" ([DB.Projects]), "names" ([DB.Names]),
// "settings" ([DB.Rows]) and "save_hash" ([DB.SaveHash]). The default, and nil, is none.
func WithObserver(f sqlcleaner.Observer) Option { return func(d *DB) { d.observer = f } }

// observe calls f and reports it. What was found in the database, such as [ErrNoProject],
// is no failure of it.
func (d *DB) observe(ctx context.Context, op string, f func() error) error {
	if d.observer == nil {
		return f()
	}
	start := time.Now()
	err := f()
	failure := err
	var bad *ValueError
	if errors.Is(err, ErrNoProject) || errors.Is(err, ErrNoHash) || errors.Is(err, ErrChanged) || errors.As(err, &bad) {
		failure = nil
	}
	d.observer(ctx, sqlcleaner.NewEvent(op, start, failure))
	return err
}
