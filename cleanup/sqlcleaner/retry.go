package sqlcleaner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
)

// tries is how often a transaction is tried in all when it meets conflicts.
const tries = 10

// retry runs f again after a conflict, after a short random time that grows.
func retry(ctx context.Context, f func() error) error {
	for i := 1; ; i++ {
		err := f()
		if err != nil && ctx.Err() != nil {
			return errors.Join(context.Cause(ctx), err) // it may speak of a transaction that is over only
		}
		if err == nil || i == tries || !isConflict(err) {
			return err
		}
		if ended := sleep(ctx, min(5*time.Millisecond<<i, time.Second)); ended != nil {
			return errors.Join(ended, err)
		}
	}
}

// persist does so and also waits for a server that went away. f may have been
// done although its answer was lost, so it must bear being done twice. A server
// that comes back read-only is another one, a replica.
func (d *DB) persist(ctx context.Context, f func() error) error {
	var since time.Time
	for i := 0; ; i = min(i+1, 7) {
		err := retry(ctx, f)
		if err != nil && matches(err, readOnlyStates, readOnly) {
			return fmt.Errorf("%w: the database server has become read-only: %w", cleanup.ErrRefused, err)
		}
		if err == nil || ctx.Err() != nil || !isLost(err) {
			return err
		}
		if since.IsZero() {
			since = time.Now()
		}
		if time.Since(since) >= d.reconnect {
			return err
		}
		if ended := sleep(ctx, 10*time.Millisecond<<i); ended != nil {
			return errors.Join(ended, err)
		}
		if err := d.checkWritable(ctx, d.db); err != nil && !isLost(err) {
			return err
		}
	}
}
