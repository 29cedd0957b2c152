package sqlcleaner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
)

// maxTries is how often a transaction is tried if it meets conflicts.
const maxTries = 10

// retry calls f, a request of the kind op, and again after conflicts with a random backoff.
func (d *DB) retry(ctx context.Context, op string, f func() error) error {
	for i := 1; ; i++ {
		err := d.try(ctx, op, f)
		if err != nil && ctx.Err() != nil {
			return errors.Join(context.Cause(ctx), err) // err may say no more than that the transaction is over
		}
		if err == nil || i == maxTries || !isConflict(err) {
			return err
		}
		if ended := sleepAround(ctx, min(5*time.Millisecond<<i, time.Second)); ended != nil {
			return errors.Join(ended, err)
		}
	}
}

// retryOutage is retry that also waits for a server that does not answer, for as long as
// [WithReconnect] says. A reply may have been lost, so f must be idempotent. A server that
// comes back read-only is a replica, which ends the waiting.
func (d *DB) retryOutage(ctx context.Context, op string, f func() error) error {
	var since time.Time
	for i := 0; ; i = min(i+1, 7) {
		err := d.retry(ctx, op, f)
		if err != nil && matches(err, readOnlyStates, readOnlyTexts) {
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
		if ended := sleepAround(ctx, 10*time.Millisecond<<i); ended != nil {
			return errors.Join(ended, err)
		}
		if err := d.checkWritable(ctx, d.db); err != nil && !isLost(err) {
			return err
		}
	}
}
