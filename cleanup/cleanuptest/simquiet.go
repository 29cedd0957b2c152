package cleanuptest

import (
	"context"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
)

// quietMargin is how long before a cleanup is due the quiet ends: longer than any request
// takes without a fault.
const quietMargin = time.Minute

// isQuiet reports whether nothing is due soon, no run is under way and there is no fault.
// Reading the schedule has the same result then whenever the request arrives, so that it
// takes no time: almost all requests of a cluster are such, and each way through the network
// costs a timer.
func (w *world) isQuiet() bool {
	at := w.now()
	w.mu.Lock()
	faults, known, until := w.faults, w.quietKnown, w.quietUntil
	w.mu.Unlock()
	if faults > 0 {
		return false
	}
	if !known {
		until = w.endOfQuiet()
		w.mu.Lock()
		w.quietKnown, w.quietUntil = true, until
		w.mu.Unlock()
	}
	return at < until
}

// endOfQuiet returns when the quiet ends unless something is written, and 0 if there is
// none.
func (w *world) endOfQuiet() time.Duration {
	runs, _ := w.db.Recent(context.Background(), 100)
	for i := range runs {
		if runs[i].Status == cleanup.StatusUnknown {
			return 0
		}
	}
	due, now := w.due()
	if now {
		return 0
	}
	return due - quietMargin
}

// endQuiet is called whenever something may have changed.
func (w *world) endQuiet() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.quietKnown = false
}
