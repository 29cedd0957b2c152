package lock

import "time"

// EventKind is what a [Locker] reports to its observer.
type EventKind string

// The kinds of events.
const (
	// EventAcquire: an Acquire returned; Duration is how long it took.
	EventAcquire EventKind = "acquire"
	// EventRenew: a renewal returned.
	EventRenew EventKind = "renew"
	// EventRelease: a Release returned; Duration is how long the lease was held.
	EventRelease EventKind = "release"
	// EventEnd: a lease ended in another way; Err says why ([ErrLost],
	// [ErrMaxHold]), Duration is how long it was held.
	EventEnd EventKind = "end"
	// EventUndo: a request of unknown outcome was undone or has surely
	// expired.
	EventUndo EventKind = "undo"
)

// Event is one thing that happened to a name.
type Event struct {
	Kind     EventKind
	Name     string
	Duration time.Duration
	Err      error
}
