package lock

import (
	"context"
	"errors"
	"fmt"
)

// Do runs f while it holds the name and releases it afterwards, also when f
// panics. The context of f ends with that of ctx and when the lease ends, then
// with the cause of [Lease.Err]. It carries the lease, for its fencing token:
// see [FromContext]. Do returns the error of f, joined with that of the lease:
// [ErrLost] or another cause if it ended before f returned, and then another
// process may have held the name meanwhile; [ErrUnavailable] if it could not be
// released, which makes others wait for its TTL and nothing worse.
func (l *Locker) Do(ctx context.Context, name string, f func(ctx context.Context) error, opts ...AcquireOption) (err error) {
	lease, err := l.Acquire(ctx, name, opts...)
	if err != nil {
		return err
	}
	run, cancel := context.WithCancelCause(withLease(ctx, lease))
	stop := context.AfterFunc(lease.Context(), func() { cancel(context.Cause(lease.Context())) })
	defer func() {
		stop()
		cancel(nil)
		lost := lease.Err()
		released := lease.Release(ctx)
		if lost != nil {
			released = lost
		}
		if released != nil {
			err = errors.Join(err, fmt.Errorf("lock: %q: %w", name, released))
		}
	}()
	return f(run)
}

type leaseKey struct{}

func withLease(ctx context.Context, le *Lease) context.Context {
	return context.WithValue(ctx, leaseKey{}, le)
}

// FromContext returns the lease under which ctx works: in the function of
// [Locker.Do], and wherever that passes its context on, the lease that Do
// holds, and the lease itself for a [Lease.Context]. Where leases are nested it
// is the innermost. It is false for any other context. The lease may have
// ended.
func FromContext(ctx context.Context) (*Lease, bool) {
	le, ok := ctx.Value(leaseKey{}).(*Lease)
	return le, ok
}
