package adapterkit

import (
	"context"
	"sync/atomic"

	"github.com/mosparo/go-cluster/cache"
)

// State is whether an adapter is open. The zero value is open. It is safe for
// concurrent use.
type State struct{ closed atomic.Bool }

// Close ends the adapter and reports whether it was open.
func (s *State) Close() bool { return !s.closed.Swap(true) }

// Check returns [cache.ErrClosed] after Close, and the error of a context that
// has ended. Adapters call it before they send a request.
func (s *State) Check(ctx context.Context) error {
	if s.closed.Load() {
		return cache.ErrClosed
	}
	return ctx.Err()
}
