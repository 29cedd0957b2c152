package lock

import "context"

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
