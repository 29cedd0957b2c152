package csshttp

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cssstore"
)

// health knows whether the store answers, so that not each project's next
// request has to find out.
type health struct {
	failures atomic.Int64 // one after the other
	// silent is since when calls are under way without an answer to any of them,
	// probed when a store that is down was last asked: Unix times in nanoseconds.
	silent, probed atomic.Int64
}

const (
	// downAfter is after how many failures a store is down: of one project alone
	// it may hold what cannot be read.
	downAfter = 3
	// probeEvery is how often a store that is down is asked.
	probeEvery = 100 * time.Millisecond
)

// errDown stands for an answer of a store that is down.
var errDown = errors.New("csshttp: the store is down")

func (t *health) isDown(now time.Time) bool {
	since := t.silent.Load()
	return t.failures.Load() >= downAfter || since != 0 && now.UnixNano()-since >= int64(waitTimeout)
}

// mayProbe reports whether it is time to ask a store that is down.
func (t *health) mayProbe(now time.Time) bool {
	last := t.probed.Load()
	return now.UnixNano()-last >= int64(probeEvery) && t.probed.CompareAndSwap(last, now.UnixNano())
}

// noteProbe notes that a request no longer waits for a store that is down: others
// are answered before the next one does.
func (t *health) noteProbe() { t.probed.Store(time.Now().UnixNano()) }

// ask notes that the store is asked, answer what it said.
func (t *health) ask() { t.silent.CompareAndSwap(0, time.Now().UnixNano()) }

func (t *health) answer(err error) {
	t.silent.Store(0)
	switch {
	case err == nil, errors.Is(err, cssstore.ErrNotFound), errors.Is(err, cssstore.ErrUnsettled), errors.Is(err, cache.ErrTooLarge):
		t.failures.Store(0)
	default:
		t.failures.Add(1)
	}
}
