package lock

import (
	"context"
	"errors"
	"time"
)

// Event is one thing that happened to a name.
type Event struct {
	// Op is what was done:
	//
	//	acquire  an Acquire or Once returned; Duration is how long it took
	//	renew    a renewal returned, after Duration
	//	release  a Release returned; Duration is how long the lease was held
	//	end      a lease ended in another way, after it was held for Duration
	//	undo     a request of unknown outcome was undone or has surely expired
	Op   string
	Name string
	// Duration is measured on the monotonic clock.
	Duration time.Duration
	// Result is the outcome, a word for a label of metrics: ok, held, lost,
	// max_hold, closed, unavailable, unauthorized, invalid, canceled or deadline.
	Result string
	// Err is nil if Result is ok. For an end it is [ErrLost] or [ErrMaxHold].
	Err error
}

// results are the words for errors. An error that is none of these is the cause
// with which a caller ended its context.
var results = []struct {
	is   error
	word string
}{
	{nil, "ok"},
	{context.Canceled, "canceled"},
	{ErrClosed, "closed"},
	{ErrHeld, "held"},
	{ErrMaxHold, "max_hold"},
	{ErrLost, "lost"},
	{ErrUnauthorized, "unauthorized"},
	{ErrUnavailable, "unavailable"},
	{context.DeadlineExceeded, "deadline"},
}

// resultOf returns the [Event.Result] of an error.
func resultOf(err error) string {
	if isRefusal(err) {
		return "invalid"
	}
	for _, r := range results {
		if errors.Is(err, r.is) {
			return r.word
		}
	}
	return "canceled"
}
