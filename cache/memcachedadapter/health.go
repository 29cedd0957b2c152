package memcachedadapter

import (
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/mosparo/go-cluster/cache"
)

// probeEvery is how often one caller tries a server that is down.
const probeEvery = time.Second

// health is the state of one server. Requests to a server that is down fail
// immediately, except one at a time that finds out whether it is back.
type health struct {
	server string
	logger *slog.Logger

	down    atomic.Pointer[outage] // nil while the server is well
	probing atomic.Bool
}

// outage is since when a server is down, and why.
type outage struct {
	probed time.Time
	cause  error
}

// admit returns nil if a request may be sent, else why the server is down. Every
// admitted request is followed by a report.
func (h *health) admit() (probe bool, err error) {
	o := h.down.Load()
	if o == nil {
		return false, nil
	}
	if time.Since(o.probed) >= probeEvery && h.probing.CompareAndSwap(false, true) {
		return true, nil
	}
	return false, fmt.Errorf("%w: the server is down: %w", cache.ErrUnavailable, o.cause)
}

// report records the outcome of an admitted request, nil for any answer.
func (h *health) report(probe bool, err error) {
	switch {
	case err != nil && isUnreachable(err):
		if before := h.down.Swap(&outage{probed: time.Now(), cause: err}); before == nil {
			h.logger.Warn("a memcached server is down", slog.String("server", h.server), slog.Any("error", err))
		}
	case h.down.Load() != nil && (probe || err == nil):
		if before := h.down.Swap(nil); before != nil {
			h.logger.Info("a memcached server is back", slog.String("server", h.server))
		}
	}
	if probe {
		h.probing.Store(false)
	}
}
