package csshttp

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cssstore"
)

// health records whether the store answers, for the requests of all projects: while it
// is down they do not wait for it.
type health struct {
	failures atomic.Int64 // in succession
	// silent is the begin of the calls in flight while none of them has returned,
	// probed the time of the last call of a store that is down: Unix times in
	// nanoseconds.
	silent, probed atomic.Int64
}

const (
	// downAfter is after how many failures in succession a store is down. One or two
	// may be due to entries that cannot be read.
	downAfter = 3
	// probeEvery is how often a store that is down is called.
	probeEvery = 100 * time.Millisecond
)

// errDown is the error for requests that do not wait for a store that is down.
var errDown = errors.New("csshttp: the store is down")

func (t *health) isDown(now time.Time) bool {
	since := t.silent.Load()
	return t.failures.Load() >= downAfter || since != 0 && now.UnixNano()-since >= int64(waitTimeout)
}

// mayProbe reports whether it is time to call a store that is down.
func (t *health) mayProbe(now time.Time) bool {
	last := t.probed.Load()
	return now.UnixNano()-last >= int64(probeEvery) && t.probed.CompareAndSwap(last, now.UnixNano())
}

// noteProbe records the end of the wait for a store that is down, so that the next probe
// comes only some time later.
func (t *health) noteProbe() { t.probed.Store(time.Now().UnixNano()) }

// noteCall records that a call of the store begins.
func (t *health) noteCall() { t.silent.CompareAndSwap(0, time.Now().UnixNano()) }

// noteResult records that a call of the store returned.
func (t *health) noteResult(err error) {
	t.silent.Store(0)
	switch {
	case err == nil, errors.Is(err, cssstore.ErrNotFound), errors.Is(err, cssstore.ErrUnsettled), errors.Is(err, cache.ErrTooLarge):
		t.failures.Store(0)
	default:
		t.failures.Add(1)
	}
}
