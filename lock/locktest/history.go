package locktest

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/mosparo/go-cluster/lock"
)

// History records who held a name when. It is safe for concurrent use. Its
// times must come from one clock: one process, or processes of one machine
// whose times were written down and read together.
type History struct {
	mu   sync.Mutex
	held []Interval
}

// Interval is one lease: from when Acquire returned until Release was called
// or the lease's own deadline passed, whichever was first.
type Interval struct {
	Name       string
	From, To   time.Time
	Fence      uint64
	HolderName string
}

// Add records a lease.
func (h *History) Add(i Interval) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.held = append(h.held, i)
}

// Hold records a lease that was acquired just now; the function that it
// returns is called right before the release.
func (h *History) Hold(le *lock.Lease, holder string) (release func()) {
	from := time.Now()
	return func() {
		to := time.Now()
		if e := le.Expiry(); e.Before(to) {
			to = e
		}
		h.Add(Interval{Name: le.Name(), From: from, To: to, Fence: le.Fence(), HolderName: holder})
	}
}

// Len is the number of recorded leases.
func (h *History) Len() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.held)
}

// Check returns what breaks the rules: two leases of a name at the same time,
// and, if the backend has fences, a fence that is not larger than an earlier
// lease's.
func (h *History) Check(fencing bool) []error {
	h.mu.Lock()
	defer h.mu.Unlock()
	slices.SortFunc(h.held, func(a, b Interval) int { return a.From.Compare(b.From) })
	last := map[string]Interval{}
	var wrong []error
	for _, i := range h.held {
		before, ok := last[i.Name]
		if ok && i.From.Before(before.To) {
			wrong = append(wrong, fmt.Errorf("%q: %s got it %v before the end of %s", i.Name, i.HolderName, before.To.Sub(i.From), before.HolderName))
		}
		if ok && fencing && i.Fence <= before.Fence {
			wrong = append(wrong, fmt.Errorf("%q: fence %d of %s after %d of %s", i.Name, i.Fence, i.HolderName, before.Fence, before.HolderName))
		}
		if !ok || i.To.After(before.To) {
			last[i.Name] = i
		}
	}
	return wrong
}
