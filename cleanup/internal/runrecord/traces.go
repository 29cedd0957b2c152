package runrecord

import (
	"context"
	"errors"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/lock"
)

// Traces writes the record and the marker of one run. No method writes once the lease is
// lost, since another node may have written its own by then: methods that keep a run
// alive return the lease's error, those that end it do nothing. It is not safe for
// concurrent use.
type Traces struct {
	Record Record

	pool   *cache.Pool
	lease  *lock.Lease
	marker cache.Key[time.Time]
}

// NewTraces returns the traces of a run that holds the lease. It writes nothing.
func NewTraces(pool *cache.Pool, lease *lock.Lease, marker cache.Key[time.Time], r Record) *Traces {
	return &Traces{Record: r, pool: pool, lease: lease, marker: marker}
}

// Announce writes the record and the marker together.
func (t *Traces) Announce(ctx context.Context) error {
	if err := t.lease.Err(); err != nil {
		return err
	}
	t.extend()
	return cache.Write(ctx, t.pool, t.Entry(), t.marker.With(t.Record.Marker, 0))
}

// Entry returns the record for a [cache.Write].
func (t *Traces) Entry() cache.Entry { return Key.With(t.Record, TTL) }

// Save writes the record.
func (t *Traces) Save(ctx context.Context) error {
	if err := t.lease.Err(); err != nil {
		return err
	}
	return Key.Set(ctx, t.pool, t.Record, TTL)
}

// Renew writes the record with the present end of the lease.
func (t *Traces) Renew(ctx context.Context) error {
	t.extend()
	return t.Save(ctx)
}

// extend sets Alive to the end of the lease, in wall clock time.
func (t *Traces) extend() {
	t.Record.Alive = Now().Add(time.Until(t.lease.Expiry()))
}

// RenewMarker renews the record and writes a new marker, unless the marker in the cache
// is another node's. The record is saved first, with the old and the new marker, so that
// one of them is in the cache at whichever point this node crashes.
func (t *Traces) RenewMarker(ctx context.Context) error {
	t.extend()
	current, err := t.marker.Get(ctx, t.pool)
	switch {
	case errors.Is(err, cache.ErrNotFound):
		current = t.Record.Marker
	case IsMissing(err), err == nil && !t.Record.Owns(current):
		return t.Save(ctx) // a PHP node's: its row is detected before the next round
	case err != nil:
		return err
	}
	t.Record.Previous, t.Record.Marker = current, Now()
	if err := t.Save(ctx); err != nil {
		return err
	}
	if err := t.lease.Err(); err != nil {
		return err
	}
	return cache.Write(ctx, t.pool, t.marker.With(t.Record.Marker, 0))
}

// Remove clears the marker if it is the run's own, and then deletes the record. It
// does nothing once the lease is lost.
func (t *Traces) Remove(ctx context.Context) error {
	if err := t.ClearMarker(ctx); err != nil || t.lease.Err() != nil {
		return err // the record is another run's by now, or still needed
	}
	return Key.Delete(ctx, t.pool)
}

// ClearMarker sets the marker to null if it is the run's own. The cache has no
// compare-and-delete: a marker that a PHP node writes between the read and the write is
// lost, and then only its row keeps others from starting.
func (t *Traces) ClearMarker(ctx context.Context) error {
	own, err := t.HasMarker(ctx)
	if err != nil || !own || t.lease.Err() != nil {
		return err
	}
	return t.marker.SetNull(ctx, t.pool, 0)
}

// HasMarker reports whether the marker in the cache is the run's own.
func (t *Traces) HasMarker(ctx context.Context) (bool, error) {
	current, err := t.marker.Get(ctx, t.pool)
	switch {
	case IsMissing(err):
		return false, nil
	case err != nil:
		return false, err
	}
	return t.Record.Owns(current), nil
}

// Abandon marks the run as abandoned, so that the next node with the lock may end it
// immediately. It does nothing once the lease is lost.
func (t *Traces) Abandon(ctx context.Context) error {
	t.Record.Alive = time.Time{}
	if t.lease.Err() != nil {
		return nil //nolint:nilerr // the next holder finds that by itself
	}
	return Key.Set(ctx, t.pool, t.Record, TTL)
}

// IsMissing reports whether err means that a key is absent, null or cannot be decoded.
func IsMissing(err error) bool {
	var broken *cache.DecodeError
	return errors.Is(err, cache.ErrNotFound) || errors.Is(err, cache.ErrNull) || errors.As(err, &broken)
}

// Now returns the time with the precision of PHP's DateTime.
func Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
