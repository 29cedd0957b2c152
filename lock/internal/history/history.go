// Package history checks who held a lock when: it finds leases that overlap and
// fences that fall.
package history

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

// Interval is one lease: from the return of Acquire until Release was called or the
// lease's deadline passed, whichever was first.
type Interval struct {
	Name string
	// Asked is when the request was sent that was granted; if unknown, From
	// stands for it.
	Asked      time.Time
	From, To   time.Time
	Fence      uint64
	HolderName string
}

// Add records a lease.
func (h *History) Add(i Interval) {
	if i.Asked.IsZero() {
		i.Asked = i.From
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.held = append(h.held, i)
}

// Hold records a lease that was acquired just now; the function that it
// returns is called right before the release.
func (h *History) Hold(le *lock.Lease, holder string) (release func()) {
	from := time.Now()
	return func() {
		h.Add(Interval{
			Name: le.Name(), Asked: le.Holder().Owner.Since, From: from, To: Earlier(time.Now(), le.Expiry()),
			Fence: le.Fence(), HolderName: holder,
		})
	}
}

// Earlier returns the earlier of two times.
func Earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// Len returns the number of recorded leases.
func (h *History) Len() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.held)
}

// Check returns what breaks the rules: two leases of a name at the same time
// and, if the backend has fences, what [History.CheckFences] finds.
func (h *History) Check(fencing bool) []error {
	wrong := h.CheckOverlap()
	if fencing {
		wrong = append(wrong, h.CheckFences()...)
	}
	return wrong
}

// CheckOverlap returns the leases that began before another of the same name
// had ended.
func (h *History) CheckOverlap() (wrong []error) {
	for _, held := range h.byName() {
		last := held[0]
		for _, i := range held[1:] {
			if i.From.Before(last.To) {
				wrong = append(wrong, fmt.Errorf("%q: %s got it %v before the end of %s", i.Name, i.HolderName, last.To.Sub(i.From), last.HolderName))
			}
			if i.To.After(last.To) {
				last = i
			}
		}
	}
	return wrong
}

// CheckFences returns the leases whose fence is not larger than that of every
// lease of the same name that was known before they were asked for, and fences
// that were drawn twice. It holds also where leases overlap because the server
// lost its data.
func (h *History) CheckFences() (wrong []error) {
	for _, held := range h.byName() {
		asked := slices.Clone(held)
		slices.SortFunc(asked, func(a, b Interval) int { return a.Asked.Compare(b.Asked) })
		var highest Interval
		known := 0
		seen := map[uint64]string{}
		for _, i := range asked {
			for known < len(held) && held[known].From.Before(i.Asked) {
				if held[known].Fence > highest.Fence {
					highest = held[known]
				}
				known++
			}
			if i.Fence <= highest.Fence {
				wrong = append(wrong, fmt.Errorf("%q: fence %d of %s after %d of %s", i.Name, i.Fence, i.HolderName, highest.Fence, highest.HolderName))
			}
			if other, twice := seen[i.Fence]; twice {
				wrong = append(wrong, fmt.Errorf("%q: fence %d of %s and of %s", i.Name, i.Fence, i.HolderName, other))
			}
			seen[i.Fence] = i.HolderName
		}
	}
	return wrong
}

// byName returns the leases of each name in the order in which they began.
func (h *History) byName() map[string][]Interval {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := map[string][]Interval{}
	for _, i := range h.held {
		all[i.Name] = append(all[i.Name], i)
	}
	for _, held := range all {
		slices.SortFunc(held, func(a, b Interval) int { return a.From.Compare(b.From) })
	}
	return all
}
